export interface ProbeReport {
  readonly schema: 'evloop/probe@1'
  readonly platform: {
    os: string
    arch: string
    kernel: string
    libc: { name: string; version: string | null }
    node: string
  }
}
