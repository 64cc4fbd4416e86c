// SPDX-License-Identifier: Apache-2.0
import { parentPort, workerData } from 'node:worker_threads'
import type { KeyMaterialRequest } from './key-material.ts'
import { readKeyMaterial } from './read-key-material.ts'

// A thread of its own: passwords are hashed some hundred thousand times, by a library that does it in JavaScript.
parentPort?.postMessage(readKeyMaterial(workerData as KeyMaterialRequest), [])
