import { describe, expect, it } from 'vitest'
import { limitOf, parseLimits, parseSignals, signalLines, signalNames } from './status.ts'

const status = `Name:\tnode
SigQ:\t1/63000
SigPnd:\t0000000000000001
ShdPnd:\t0000000000000200
SigBlk:\t0000000000000a00
SigIgn:\t0000000001001000
SigCgt:\t0000000188004602
`

describe('the signals in /proc/self/status', () => {
  it('are sets of bits; what is pending in the thread and in the process is one', () => {
    expect(parseSignals(status)).toEqual({
      pending: 0x201n,
      blocked: 0xa00n,
      ignored: 0x1001000n,
      caught: 0x188004602n,
    })
  })

  it('stand together', () => {
    const lines = signalLines(`${status}CapInh:\t0\n`)
    expect(lines).toBe(status.slice(status.indexOf('SigPnd')))
    expect(parseSignals(lines)).toEqual(parseSignals(status))
    expect(signalLines('Name:\tnode\n')).toBe('')
  })

  it('are unknown where they are not told', () => {
    expect(parseSignals('')).toBeUndefined()
    expect(parseSignals(status.replace('SigCgt', 'SigX'))).toBeUndefined()
  })

  it('have names', () => {
    expect(signalNames(0xa00n)).toBe('SIGUSR1, SIGUSR2')
    expect(signalNames(1n << 63n)).toBe('signal 64')
    expect(signalNames(0n)).toBe('')
  })
})

describe('the limits in /proc/self/limits', () => {
  it('stand at the place of their RLIMIT constant', () => {
    const limits = `Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max file size             1024                 unlimited            bytes     
Max nice priority         0                    0                    
`
    expect(parseLimits(limits)).toEqual([
      { name: 'Max cpu time', soft: 'unlimited', hard: 'unlimited' },
      { name: 'Max file size', soft: '1024', hard: 'unlimited' },
      { name: 'Max nice priority', soft: '0', hard: '0' },
    ])
    expect(parseLimits('')).toEqual([])
    expect([limitOf('unlimited'), limitOf('1024')]).toEqual([Infinity, 1024])
  })
})
