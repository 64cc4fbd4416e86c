// SPDX-License-Identifier: Apache-2.0

/** `${{key}}` or `${{key:-default}}`, with the escape character in front of it if there is one. */
const MARKER = /(§?)\$\{\{(.*?)(?::-(.*?))?\}\}/g

/**
 * Puts a client's names into the topic of a permission: `${{clientid}}` and `${{username}}`, upper or lower case. A `§` in
 * front keeps the marker as it is. Unlike HiveMQ, which substitutes what it has put in once more, names are put in as they
 * stand: a client that calls itself `${{username}}` is nobody else.
 */
export function substitute(topic: string, clientId: string, userName: string): string {
  if (!topic.includes('${{')) return topic
  return topic.replaceAll(MARKER, (marker: string, escape: string, key: string, standard: string | undefined) => {
    if (escape !== '') return marker.slice(escape.length)
    switch (key.toLowerCase()) {
      case 'clientid':
        return clientId
      case 'username':
        return userName
      default:
        return standard ?? marker
    }
  })
}
