/** Entry point of a thread of a pool. */
import { workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { ThreadData } from './messages.ts'
import { Thread } from './thread.ts'

const { data, port } = workerData as { readonly data: ThreadData; readonly port: MessagePort }
// What it rejects with ends the thread, and is told to the main thread as an uncaught error.
// A timer or a server of a module that it has loaded must not keep it.
void new Thread(data, port).run().then(() => process.exit())
