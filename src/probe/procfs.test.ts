import { describe, expect, test } from 'vitest'
import { cpuField, isIdentityMap, parseArguments, parseLimit, parsePreload, parseStatus } from './procfs.ts'

const status = `Name:	node
State:	R (running)
TracerPid:	0
Threads:	7
CapInh:	0000000000000000
CapEff:	000001ffffffffff
NoNewPrivs:	1
Seccomp:	2
Seccomp_filters:	1
`

/** As gVisor writes it: no NoNewPrivs and no Seccomp_filters. */
const gvisorStatus = `Name:	node
TracerPid:	0
CapEff:	0000003fffffdfff
Seccomp:	0
`

const limits = `Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max processes             96365                96365                processes 
Max open files            1024                 524288               files     
Max locked memory         8388608              8388608              bytes     
`

describe('parseStatus', () => {
  test('reads the seccomp mode and the capabilities', () => {
    expect(parseStatus(status)).toEqual({
      seccomp: 2,
      seccompFilters: 1,
      tracer: 0,
      capabilities: 0x1ffffffffffn,
    })
  })

  test('reads the shorter status of gVisor', () => {
    expect(parseStatus(gvisorStatus)).toMatchObject({ seccomp: 0, seccompFilters: undefined })
  })

  test('takes a kernel without a seccomp line for one without seccomp', () => {
    expect(parseStatus('Name:\tnode\n')?.seccomp).toBe(0)
  })

  test('says nothing about a file that is not there', () => {
    expect(parseStatus(undefined)).toBeUndefined()
  })
})

describe('parseLimit', () => {
  test('reads numbers', () => {
    expect(parseLimit(limits, 'Max open files')).toEqual({ soft: 1024, hard: 524288 })
  })

  test('reads no limit', () => {
    expect(parseLimit(limits, 'Max cpu time')).toEqual({ soft: 'unlimited', hard: 'unlimited' })
  })

  test('finds nothing where there is nothing', () => {
    expect(parseLimit(limits, 'Max patience')).toBeUndefined()
    expect(parseLimit(undefined, 'Max open files')).toBeUndefined()
  })
})

test('only the map of all users to themselves is that of the initial user namespace', () => {
  expect(isIdentityMap('         0          0 4294967295\n')).toBe(true)
  expect(isIdentityMap('         0          0          1\n')).toBe(false)
  expect(isIdentityMap('         0     100000      65536\n')).toBe(false)
})

test('the first processor of /proc/cpuinfo counts', () => {
  const text = 'processor\t: 0\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\nmodel name\t: other\n'
  expect(cpuField(text, 'model name')).toBe('AMD EPYC')
  expect(cpuField(text, 'CPU implementer')).toBeUndefined()
})

test('arguments are separated by zero bytes', () => {
  expect(parseArguments('/usr/bin/qemu-aarch64\0node\0')).toEqual(['/usr/bin/qemu-aarch64', 'node'])
  expect(parseArguments(undefined)).toEqual([])
})

test('preloaded libraries are separated by spaces, colons and lines', () => {
  expect(parsePreload('/a.so:/b.so /c.so', '# a comment\n/d.so\n')).toEqual([
    '/a.so',
    '/b.so',
    '/c.so',
    '/d.so',
  ])
  expect(parsePreload(undefined, undefined)).toEqual([])
})
