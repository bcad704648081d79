import type { Machine } from '../machine.ts'
import { PeerProcess } from '../peer-process.ts'
import type { PeerStep, StepOf } from '../steps.ts'
import type { Operations } from './index.ts'

export const peerOperations: Operations<PeerStep['op']> = {
  peer(machine, { as, fds }) {
    const inherited = Object.fromEntries(fds.map((name) => [name, machine.fd(name)]))
    const peer = new PeerProcess(machine.libc, machine.backend, inherited)
    machine.cleanups.push(() => peer.kill())
    machine.peers.set(as, peer)
    peer.ready()
  },
  'peer.run'(machine, { peer, step }) {
    post(machine, peer, step)
    peerOf(machine, peer).join()
  },
  'peer.post': (machine, { peer, step }) => post(machine, peer, step),
  'peer.join': (machine, { peer }) => peerOf(machine, peer).join(),
  'peer.exit': (machine, { peer }) => peerOf(machine, peer).exit(),
}

function post(machine: Machine, name: string, step: StepOf<'peer.post'>['step']): void {
  // A label that the step introduces is made here first, so that both processes number it alike.
  if (step.op === 'epoll.ctl') machine.labels.data(step.label)
  peerOf(machine, name).post({ step, labels: machine.labels.names })
}

function peerOf(machine: Machine, name: string): PeerProcess {
  const peer = machine.peers.get(name)
  if (peer === undefined) throw new TypeError(`the scenario has no process ${name}`)
  return peer
}
