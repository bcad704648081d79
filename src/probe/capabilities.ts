/** Linux capabilities that decide about event backends: their bits in CapEff. <linux/capability.h> */
const bits = { CAP_SYS_ADMIN: 21, CAP_BLOCK_SUSPEND: 36 } as const

export type Capability = keyof typeof bits

/** Whether a set of capabilities holds one. */
export function hasCapability(set: bigint, name: Capability): boolean {
  return ((set >> BigInt(bits[name])) & 1n) === 1n
}
