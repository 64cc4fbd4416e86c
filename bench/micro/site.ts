// SPDX-License-Identifier: Apache-2.0

// Topics and filters of a large company, in the form of ISA-95:
//
//   umh/v1/<enterprise>/<site>/<area>/<line>/<cell>/_historian/<tag>

const SIZES = { enterprise: 5, site: 12, area: 12, line: 20, cell: 24 } as const
const LEVELS = Object.entries(SIZES)
const CELLS = LEVELS.reduce((product, [, size]) => product * size, 1)
const TAGS = 16

/** The levels that name one of the cells; there are CELLS of them, so nearly all filters differ. */
function cellLevels(index: number): string[] {
  let rest = index % CELLS
  return LEVELS.map(([name, size]) => {
    const number = rest % size
    rest = Math.trunc(rest / size)
    return `${name}${number}`
  })
}

/** 32 bits that have nothing to do with the place of the cell, so that tags and wildcards are spread evenly. */
function mixed(index: number): number {
  const product = Math.imul(index + 1, 0x9e37_79b1)
  return (product ^ (product >>> 15)) >>> 0
}

/** A third without wildcards, a third with `+` in one of five places, a third with `#` behind the cell. */
export function filterOf(index: number): string {
  const cell = Math.trunc(index / 3)
  const levels = cellLevels(cell)
  const tag = `tag${mixed(cell) % TAGS}`
  switch (index % 3) {
    case 0:
      return flat(`umh/v1/${levels.join('/')}/_historian/${tag}`)
    case 1:
      levels[(mixed(cell) >>> 8) % levels.length] = '+'
      return flat(`umh/v1/${levels.join('/')}/_historian/${tag}`)
    default:
      return flat(`umh/v1/${levels.join('/')}/#`)
  }
}

/** A topic of one of the cells; different ones for a long time. */
export function topicOf(index: number): string {
  // A step that is prime to the number of cells meets all of them before it repeats one.
  const cell = (index * 100_003) % CELLS
  return `umh/v1/${cellLevels(cell).join('/')}/_historian/tag${Math.trunc(index / CELLS + cell) % TAGS}`
}

/** A string in one piece, as the codec makes them. What is put together with `+` is a tree of its parts to V8. */
function flat(text: string): string {
  return Buffer.from(text).toString()
}
