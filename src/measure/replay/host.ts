/** What a native file must fit: this platform, its architecture and its C library. */
import { closeSync, openSync, readSync } from 'node:fs'
import { endianness } from 'node:os'

export interface Host {
  readonly platform: string
  readonly arch: string
  /** Of Linux alone, which has several. */
  readonly libc: 'glibc' | 'musl' | undefined
  /** glibc's: a file that was linked against a newer one is not loaded. */
  readonly libcVersion: string | undefined
}

/** The machine that this runs on, and the C library that this Node is linked against. */
export function thisHost(): Host {
  const { platform, arch } = process
  if (platform !== 'linux') return { platform, arch, libc: undefined, libcVersion: undefined }
  const libcVersion = glibcVersion()
  return { platform, arch, libc: libcVersion === undefined ? 'musl' : 'glibc', libcVersion }
}

/** Node's diagnostic report names glibc's version, and no other C library's. */
function glibcVersion(): string | undefined {
  const report: NodeJS.ProcessReport & { excludeNetwork?: boolean } = process.report
  // Else it would look up the names of all peers that this process is connected to.
  const { excludeNetwork = false } = report
  report.excludeNetwork = true
  try {
    const { header } = report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } }
    return header.glibcVersionRuntime
  } finally {
    report.excludeNetwork = excludeNetwork
  }
}

/** The folder of `prebuilds/` that has the files for a host: `linux-x64`, `linux-arm64-musl`, `darwin-arm64`. */
export function hostTag({ platform, arch, libc }: Host): string {
  return `${platform}-${arch}${libc === 'musl' ? '-musl' : ''}`
}

/** All of a host that a file compiled on it depends on, as text for a hash. */
export function hostKey(host: Host): string {
  return `${hostTag(host)} ${host.libcVersion ?? ''} ${endianness()}`
}

/** Offsets in an ELF header of 64 and of 32 bits (elf(5)): where the section headers are, and how many. */
const sectionFields = {
  1: { offset: 32, entrySize: 46, count: 48, wide: false },
  2: { offset: 40, entrySize: 58, count: 60, wide: true },
} as const

/**
 * Why a native file cannot be loaded into this process, as far as its header tells: it is for another machine
 * (a cross compiler in $CC), or is not whole, in which case loading it would end this process by SIGBUS.
 * Other formats than ELF are not looked at.
 */
export function whyUnfit(file: Buffer): string | undefined {
  const own = ownHeader()
  if (!isElf(own)) return undefined
  if (!isElf(file)) return 'it is no ELF file'
  // Class and byte order, and the machine.
  if (
    !file.subarray(4, 6).equals(own.subarray(4, 6)) ||
    !file.subarray(18, 20).equals(own.subarray(18, 20))
  ) {
    return 'it is for another architecture'
  }
  const fields = sectionFields[own[4] === 2 ? 2 : 1]
  const little = own[5] === 1
  const short = (at: number): number => (little ? file.readUInt16LE(at) : file.readUInt16BE(at))
  const word = (at: number): number => (little ? file.readUInt32LE(at) : file.readUInt32BE(at))
  const long = (at: number): number => Number(little ? file.readBigUInt64LE(at) : file.readBigUInt64BE(at))
  // Linkers write the section headers last, so that what has them has all.
  const sections = fields.wide ? long(fields.offset) : word(fields.offset)
  const end = sections + short(fields.entrySize) * short(fields.count)
  return end > file.length ? 'it is not whole' : undefined
}

/** ELF headers have 52 or 64 bytes. */
const HEADER_BYTES = 64

function isElf(file: Buffer): boolean {
  return file.length >= HEADER_BYTES && file.subarray(0, 4).toString('latin1') === '\x7fELF'
}

/** The header of the program that this process runs. */
function ownHeader(): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  const fd = openSync(process.execPath, 'r')
  try {
    readSync(fd, header, 0, HEADER_BYTES, 0)
    return header
  } finally {
    closeSync(fd)
  }
}
