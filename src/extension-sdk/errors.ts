// SPDX-License-Identifier: Apache-2.0

// What services of the broker reject with. An argument of the wrong kind is a TypeError.

/** There is no session of this client identifier. */
export class NoSuchClientError extends Error {
  override readonly name = 'NoSuchClientError'
  readonly clientId: string

  constructor(clientId: string) {
    super(`There is no session of client ${JSON.stringify(clientId)}`)
    this.clientId = clientId
  }
}

/** A topic name or a topic filter that is not valid, or that this broker does not take. */
export class InvalidTopicError extends Error {
  override readonly name = 'InvalidTopicError'
  readonly topic: string

  constructor(topic: string, reason: string) {
    super(`${JSON.stringify(topic)}: ${reason}`)
    this.topic = topic
  }
}

/** The broker takes nothing on for now: its store is full, or memory is short. Later it may. */
export class OverloadError extends Error {
  override readonly name = 'OverloadError'
}

/** This extension asks services for more than is configured (`waggle/throttling/extension/calls-per-second`). Later it may. */
export class RateLimitExceededError extends Error {
  override readonly name = 'RateLimitExceededError'
}
