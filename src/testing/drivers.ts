/** Both drivers, for tests of what is driven. */
import type { MeasuringDriver } from '../measure/driver.ts'
import { FfiDriver } from '../measure/ffi-driver.ts'
import { locateReplayer } from '../measure/replay/locate.ts'
import { loadReplayer } from '../measure/replay/native.ts'
import { ReplayDriver } from '../measure/replay/replay-driver.ts'
import { hasCompiler } from './compile.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** The drivers that this machine can have: without a compiler there is no replayer, and tests have to say so. */
export function testDrivers(): readonly MeasuringDriver[] {
  return [new FfiDriver({ baseNs: 0, perArgumentNs: 0 }), ...(hasCompiler ? [replayDriver()] : [])]
}

/** Made in a cache of this test file's own: what the user has in theirs must not matter. */
function replayDriver(): MeasuringDriver {
  const env = { ...process.env, XDG_CACHE_HOME: temporaryDirectory() }
  const located = locateReplayer({ env })
  const driver = new ReplayDriver(loadReplayer(located.path), { clockNs: 0, callNs: 0 })
  located.release()
  return driver
}
