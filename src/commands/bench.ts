import type { Trigger } from '../backends/backend.ts'
import { addGateOptions, openBaseline } from './baseline.ts'
import type { BaselineOptions } from './baseline.ts'
import type { CommandModule } from './command.ts'
import { parseList, parsePositive, parseWhole, parseWholeList } from './options.ts'
import type { CommonOptions } from './options.ts'

interface BenchCommandOptions extends CommonOptions, BaselineOptions {
  readonly workload?: readonly string[]
  readonly fds: readonly number[]
  readonly active?: number
  readonly events: number
  readonly trigger: string
  readonly source: string
  readonly writes: number
  readonly rate: number
  readonly duration?: number
  readonly rounds?: number
  readonly quick?: boolean
  readonly seed?: number
  readonly cpu?: readonly number[]
  readonly driver: string
}

/** How long a run may take unless the user says so, in seconds. */
const DURATION_S = 20
const QUICK_DURATION_S = 1
/** A signal every microsecond: about as long as sending it takes. */
const MOST_RATE_HZ = 1_000_000

const triggers: readonly Trigger[] = ['level', 'edge', 'oneshot', 'edge-oneshot']

export const benchCommand: CommandModule = {
  name: 'bench',
  summary: 'what does it cost at your size: every workload over every backend, side by side',
  define(command) {
    addGateOptions(command)
      .option('--baseline <file>', 'compare with a saved result (--format json) after measuring')
      .option(
        '-w, --workload <list>',
        'only these workloads, separated by commas (default: all of backends; those of the runtime above a backend, fiber, fiber-io, fibers-idle, echo-fibers and pool, are for who names them)',
        parseList,
      )
      .option(
        '-n, --fds <list>',
        'how many descriptors are registered; several sizes, separated by commas, are a sweep',
        parseWholeList(1),
        [100],
      )
      .option(
        '-a, --active <number>',
        'how many of them are active at once (default: a hundredth, at most 100)',
        parseWhole(1),
      )
      .option('--events <number>', 'how many events a wait takes at most', parseWhole(1), 1024)
      .option('--trigger <name>', `how descriptors are registered: ${triggers.join(', ')}`, 'level')
      .option('--source <name>', 'what is made ready: eventfd, pipe or socketpair', 'eventfd')
      .option('--writes <number>', "libevent's -w: chained writes of a run", parseWhole(0), 100)
      .option('--rate <hertz>', 'signals a second of the open loop', parseWhole(1, MOST_RATE_HZ), 10_000)
      .option(
        '-d, --duration <seconds>',
        `how long the whole run may take (default: ${DURATION_S}, with --quick ${QUICK_DURATION_S})`,
        parsePositive,
      )
      .option('--rounds <number>', 'exactly so many rounds, whatever they take', parseWhole(1))
      .option('--quick', 'fewer rounds, and no warm-up of cycles above 8 ms, for a first look')
      .option(
        '--seed <number>',
        'of the order of rounds and of the resampling (default: random)',
        parseWhole(0),
      )
      .option('--cpu <list>', 'run on these processors only; threads take them in turn', parseWholeList(0))
      .option(
        '--driver <name>',
        'replay (native), ffi (call by call, with the tax that costs), or auto',
        'auto',
      )
  },
  async run(raw) {
    const options = raw as unknown as BenchCommandOptions
    const { makeContext } = await import('./context.ts')
    const context = await makeContext('bench', options)
    const compare = await openBaseline(options, (message) => context.warn(message))
    const backends = await context.candidates()
    // Begun before the rest is loaded, because its process takes a while.
    const { lookAtMachine } = await import('../measure/environment.ts')
    const environment = lookAtMachine({
      lib: context.lib,
      backends,
      onWarning: (message) => context.warn(message),
    })
    const { chooseName, chooseNames } = await import('./choose.ts')
    const { interruptible, INTERRUPTED_EXIT_CODE } = await import('./interrupt.ts')
    const { backendWorkloadNames, workloadNames } = await import('../workloads/index.ts')
    const { sourceKinds } = await import('../workloads/sources.ts')
    const { benchMachine } = await import('../measure/machine.ts')
    const { driverChoices } = await import('../measure/choose-driver.ts')
    const { assertProcessors } = await import('../measure/processors.ts')
    const { compareExitCode } = await import('../measure/compare/gate.ts')
    const cpus = options.cpu ?? []
    assertProcessors(cpus)
    const quick = options.quick === true
    const measured = await interruptible((signal) =>
      benchMachine({
        backends,
        workloads: chooseNames('workload', options.workload ?? backendWorkloadNames, workloadNames),
        sizes: options.fds,
        active: options.active,
        eventsPerWait: options.events,
        trigger: chooseName('trigger', options.trigger, triggers),
        source: chooseName('source', options.source, sourceKinds),
        writes: options.writes,
        rateHz: options.rate,
        cpus,
        driver: chooseName('driver', options.driver, driverChoices),
        durationMs: (options.duration ?? (quick ? QUICK_DURATION_S : DURATION_S)) * 1000,
        rounds: options.rounds,
        quick,
        seed: options.seed ?? Math.floor(Math.random() * 2 ** 32),
        lib: context.lib,
        environment,
        onWarning: (message) => context.warn(message),
        onProgress: (workload, index, count) =>
          context.progress.show(`measuring ${workload} (${index + 1} of ${count}) …`),
        // A file has what was measured so far at any time; a terminal gets it all at the end.
        onPart: (part) =>
          options.output !== undefined &&
          context.write((format, formatOptions) => format.bench(part, formatOptions)),
        signal,
      }),
    )
    const baseline = compare?.(measured)
    const report = baseline === undefined ? measured : { ...measured, baseline }
    context.write((format, formatOptions) => format.bench(report, formatOptions))
    if (report.interrupted === true) return INTERRUPTED_EXIT_CODE
    if (report.gaps.some(({ outcome }) => outcome === 'failed')) return 1
    return baseline === undefined ? 0 : compareExitCode(baseline)
  },
}
