// SPDX-License-Identifier: Apache-2.0

/** Why a store cannot be opened, in words for an operator: what was found, what was expected, what to do. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault'
}
