// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest'
import { sourceTags } from './source-tags.ts'

const SOURCE = `
/** First [MQTT-1.0.0-1]. */
const table = {
  ENTRY: 1, // [MQTT-1.0.0-2]
} as const

export async function handle(
  argument: number,
): Promise<void> {
  // ![MQTT-1.0.0-3]
  if (argument > 0) {
    return
  }
}

const arrow = (): void => {
  call() // [MQTT-1.0.0-4]
}

/** Above a generator [MQTT-1.0.0-11]. */
function* visible(): Generator<number> {
  yield 1
}

/**
 * Above the class [MQTT-1.0.0-5] [MQTT-1.0.0-6].
 */
export class Window {
  /** Above a field [MQTT-1.0.0-7]. */
  readonly #size = 0

  /** Above a method ~[MQTT-1.0.0-8]. */
  get isFull(): boolean {
    return true // [MQTT-1.0.0-9]
  }

  static merge(
    parts: number[],
  ): void {
    for (const part of parts) {
      // [MQTT-1.0.0-10]
      add(part)
    }
  }
}
`

it('finds each tag with its mark and the declaration around it', () => {
  expect(
    sourceTags(SOURCE, 'file.ts').map(({ mark, statement, declaration }) => [mark, statement, declaration]),
  ).toEqual([
    ['', 'MQTT-1.0.0-1', 'table'],
    ['', 'MQTT-1.0.0-2', 'table.ENTRY'],
    ['!', 'MQTT-1.0.0-3', 'handle'],
    ['', 'MQTT-1.0.0-4', 'arrow'],
    ['', 'MQTT-1.0.0-11', 'visible'],
    ['', 'MQTT-1.0.0-5', 'Window'],
    ['', 'MQTT-1.0.0-6', 'Window'],
    ['', 'MQTT-1.0.0-7', 'Window.#size'],
    ['~', 'MQTT-1.0.0-8', 'Window.isFull'],
    ['', 'MQTT-1.0.0-9', 'Window.isFull'],
    ['', 'MQTT-1.0.0-10', 'Window.merge'],
  ])
})
