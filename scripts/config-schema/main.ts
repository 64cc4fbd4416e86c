// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { schemaText } from './schema-text.ts'

writeFileSync(join(import.meta.dirname, '../../home/conf/config.xsd'), schemaText())
