// SPDX-License-Identifier: Apache-2.0
import type { Credentials, Role, User } from './credentials.ts'

/** What has become of the roles from one file to the next. */
export class RoleChanges {
  /** By the later file, then by the earlier one: thousands of clients have the same two. */
  static readonly #known = new WeakMap<Credentials, WeakMap<Credentials, RoleChanges>>()
  /** Those that say the same in both. */
  readonly #same = new Set<string>()

  private constructor(before: Credentials, after: Credentials) {
    for (const [id, role] of after.roles) {
      const earlier = before.roles.get(id)
      if (earlier !== undefined && textOf(earlier) === textOf(role)) this.#same.add(id)
    }
  }

  static between(before: Credentials, after: Credentials): RoleChanges {
    const ofAfter = RoleChanges.#known.get(after) ?? new WeakMap<Credentials, RoleChanges>()
    RoleChanges.#known.set(after, ofAfter)
    const changes = ofAfter.get(before) ?? new RoleChanges(before, after)
    ofAfter.set(before, changes)
    return changes
  }

  /** The user may do the same in both files. */
  areSame(before: User, after: User): boolean {
    const [ids, laterIds] = [new Set(before.roles), new Set(after.roles)]
    return ids.size === laterIds.size && ids.isSubsetOf(laterIds) && ids.isSubsetOf(this.#same)
  }
}

/** Where it stands in the file does not count. */
function textOf({ permissions }: Role): string {
  return JSON.stringify(permissions.map((permission) => ({ ...permission, line: 0 })))
}
