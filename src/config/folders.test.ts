// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isLogFolderNamed, resolveFolders } from './folders.ts'

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

  it('takes what JAVA_OPTS say before the variables, the last of two', () => {
    const environment = {
      HIVEMQ_HOME: '/srv/broker',
      HIVEMQ_DATA_FOLDER: '/var/broker',
      JAVA_OPTS:
        '-Xmx750m -Dhivemq.home=/opt/first  -Dhivemq.home=/opt/last\t-Dhivemq.config.folder=etc -Dhivemq.data.folder=' +
        ' -Dhivemq.log.folder=/var/log/a=b -Dhivemq.extensions.folder=more -Dother.home=/no -DdiagnosticMode=true',
    }
    expect(resolveFolders(environment, '/opt/hivemq')).toEqual({
      home: '/opt/last',
      config: '/opt/last/etc',
      data: '/var/broker',
      log: '/var/log/a=b',
      extensions: '/opt/last/more',
    })
  })
})

describe('isLogFolderNamed', () => {
  it('knows both ways to name it', () => {
    expect(isLogFolderNamed({})).toBe(false)
    expect(isLogFolderNamed({ HIVEMQ_LOG_FOLDER: '', JAVA_OPTS: '-Dhivemq.home=/opt/hivemq' })).toBe(false)
    expect(isLogFolderNamed({ HIVEMQ_LOG_FOLDER: 'log' })).toBe(true)
    expect(isLogFolderNamed({ JAVA_OPTS: '-Dhivemq.log.folder=log' })).toBe(true)
  })
})
