/**
 * kqueue by a library. Where `EVLOOP_KQUEUE_LIB` is the path of a real one, such as libkqueue, that is probed as well.
 */
import { describe, expect, it } from 'vitest'
import { compileLibrary, hasCompiler } from '../testing/compile.ts'
import { probe } from './index.ts'
import type { BackendName } from '../backends/index.ts'
import type { SubjectReport } from './report.ts'

const real = process.env['EVLOOP_KQUEUE_LIB'] ?? ''
if (real === '') process.stderr.write('skipped: EVLOOP_KQUEUE_LIB does not name a library with a kqueue\n')

async function kqueueOf(lib: string): Promise<SubjectReport<BackendName> | undefined> {
  const report = await probe({ lib, backends: ['kqueue'], onWarning: () => undefined })
  return report.backends[0]
}

describe.runIf(hasCompiler)('probe of a library that gives receipts and nothing else', () => {
  it('names the interface that it has found, and says of each feature what does not come', async () => {
    const kqueue = await kqueueOf(compileLibrary('kqueue/receipts-netbsd'))
    expect(kqueue).toMatchObject({
      available: true,
      features: {
        kqueue: { state: 'usable' },
        kevent: { state: 'usable', note: 'the interface of netbsd: 40 bytes an event' },
        EVFILT_READ: { state: 'broken', reason: 'no event comes within 1000 ms' },
        EV_ERROR: { state: 'broken' },
      },
    })
  })

  it('says that nothing can be said where the layout is none that is known', async () => {
    const kqueue = await kqueueOf(compileLibrary('kqueue/receipts-unknown'))
    expect(kqueue).toMatchObject({ available: false })
    expect(kqueue?.features['kevent']?.reason).toMatch(/its receipts have no layout that is known/)
  })
})

describe.skipIf(real === '')('probe of the library that EVLOOP_KQUEUE_LIB names', () => {
  it('finds the filters that event loops need', async () => {
    const kqueue = await kqueueOf(real)
    for (const name of ['EVFILT_READ', 'EVFILT_WRITE', 'EVFILT_USER', 'EVFILT_TIMER', 'EV_CLEAR', 'EV_EOF']) {
      expect([name, kqueue?.features[name]?.state]).toEqual([name, 'usable'])
    }
  })
})
