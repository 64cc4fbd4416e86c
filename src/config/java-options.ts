// SPDX-License-Identifier: Apache-2.0

/** What of `JAVA_OPTS` means something without a Java machine. Nothing else in it is looked at: it may hold passwords. */
export interface JavaOptions {
  /** `-Dhivemq.…=…` by name; of those given twice the last one, as in Java. */
  readonly hivemqProperties: ReadonlyMap<string, string>
  /** Sizes of the Java heap. */
  readonly heapSizes: readonly string[]
}

const PROPERTY = /^-D(hivemq\.[^=]+)=(.*)$/
const HEAP_SIZE = /^-Xm[sx]\d+[kKmMgGtT]?$/

/** Split at blanks alone, as HiveMQ's run.sh has the shell do it. */
export function readJavaOptions(text = ''): JavaOptions {
  const words = text.split(/\s+/)
  const hivemqProperties = new Map<string, string>()
  for (const word of words) {
    const match = PROPERTY.exec(word)
    if (match !== null) hivemqProperties.set(match[1]!, match[2]!)
  }
  return { hivemqProperties, heapSizes: words.filter((word) => HEAP_SIZE.test(word)) }
}
