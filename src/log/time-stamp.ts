// SPDX-License-Identifier: Apache-2.0

let lastSecond = Number.NaN
let lastText = ''

/** `yyyy-MM-dd HH:mm:ss,SSS` in local time, which is that of the variable TZ, as in HiveMQ. */
export function timeStamp(wallTime: number): string {
  const second = Math.floor(wallTime / 1000)
  // Asked for with each line, of which there may be 100 000 in a second: the calendar is asked once for all of them.
  if (second !== lastSecond) {
    lastText = localDateTime(wallTime)
    lastSecond = second
  }
  return `${lastText},${String(wallTime - second * 1000).padStart(3, '0')}`
}

/** `yyyy-MM-dd` in local time. */
export function localDate(wallTime: number): string {
  return localDateTime(wallTime).slice(0, 10)
}

/** The midnight that follows; a day of local time may have 23 or 25 hours. */
export function nextMidnight(wallTime: number): number {
  const date = new Date(wallTime)
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime()
}

/** `yyyy-MM-dd HH:mm:ss` in UTC. */
export function utcDateTime(wallTime: number): string {
  return new Date(wallTime).toISOString().slice(0, 19).replace('T', ' ')
}

function localDateTime(wallTime: number): string {
  return utcDateTime(wallTime - new Date(wallTime).getTimezoneOffset() * 60_000)
}
