// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { resolveFolders } from './folders.ts'

describe('resolveFolders', () => {
  it('puts the four folders below the default home when no variable is set', () => {
    expect(resolveFolders({}, '/opt/hivemq')).toEqual({
      home: '/opt/hivemq',
      config: '/opt/hivemq/conf',
      data: '/opt/hivemq/data',
      log: '/opt/hivemq/log',
      extensions: '/opt/hivemq/extensions',
    })
  })

  it('puts them below HIVEMQ_HOME', () => {
    expect(resolveFolders({ HIVEMQ_HOME: '/srv/broker' }, '/opt/hivemq')).toEqual({
      home: '/srv/broker',
      config: '/srv/broker/conf',
      data: '/srv/broker/data',
      log: '/srv/broker/log',
      extensions: '/srv/broker/extensions',
    })
  })

  it('takes absolute folders as they are and relative ones from the home', () => {
    const environment = {
      HIVEMQ_HOME: '/srv/broker',
      HIVEMQ_CONFIG_FOLDER: '/etc/broker',
      HIVEMQ_DATA_FOLDER: 'disk/data',
      HIVEMQ_LOG_FOLDER: '../log',
      HIVEMQ_EXTENSION_FOLDER: '/var/extensions',
    }
    expect(resolveFolders(environment, '/opt/hivemq')).toEqual({
      home: '/srv/broker',
      config: '/etc/broker',
      data: '/srv/broker/disk/data',
      log: '/srv/log',
      extensions: '/var/extensions',
    })
  })

  it('takes an empty variable as not set, and a relative home from the working directory', () => {
    const folders = resolveFolders({ HIVEMQ_HOME: '', HIVEMQ_CONFIG_FOLDER: '' }, 'home')
    expect(folders.home).toBe(resolve('home'))
    expect(folders.config).toBe(resolve('home/conf'))
  })
})
