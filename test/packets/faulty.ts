// SPDX-License-Identifier: Apache-2.0
import type { Faults } from '../../src/codec/fault.ts'
import { ProtocolVersion } from '../../src/codec/protocol-version.ts'

/** Bytes that are no packet, and the fault that names what is wrong with them. */
export interface FaultCase {
  readonly version: ProtocolVersion
  readonly bytes: string
  readonly fault: keyof typeof Faults
}

const { V3_1, V3_1_1, V5 } = ProtocolVersion
const row = (version: ProtocolVersion, bytes: string, fault: keyof typeof Faults): FaultCase => ({
  version,
  bytes,
  fault,
})

export const FAULTY_PACKETS: readonly FaultCase[] = [
  // Frame
  row(V5, `C0 80 80 80 80 01`, 'REMAINING_LENGTH_TOO_LONG'),
  row(V3_1_1, `C0 FF FF FF FF 7F`, 'REMAINING_LENGTH_TOO_LONG'),
  row(V5, `C0 80 00`, 'REMAINING_LENGTH_NOT_SHORTEST'),
  row(V5, `00 00`, 'FORBIDDEN_PACKET_TYPE'),
  row(V3_1_1, `F0 00`, 'FORBIDDEN_PACKET_TYPE'),
  ...['41', '51', '60', '63', '66', '6A', '71'].map((type) => row(V5, `${type} 02 0001`, 'RESERVED_FLAGS')),
  ...['80', '83', '86', '8A'].map((type) => row(V3_1_1, `${type} RL 0001 s'a' 00`, 'RESERVED_FLAGS')),
  ...['A0', 'A3', 'AA'].map((type) => row(V3_1_1, `${type} RL 0001 s'a'`, 'RESERVED_FLAGS')),
  ...['C1 00', 'D8 00', 'E1 00'].map((bytes) => row(V3_1_1, bytes, 'RESERVED_FLAGS')),
  row(V5, `F1 RL 18 04 15 s'M'`, 'RESERVED_FLAGS'),
  row(V5, `21 03 00 00 00`, 'RESERVED_FLAGS'),
  row(V5, `91 04 0001 00 00`, 'RESERVED_FLAGS'),
  row(V3_1_1, `C0 01 00`, 'TRAILING_BYTES'),
  row(V3_1_1, `40 03 0001 00`, 'TRAILING_BYTES'),
  row(V3_1_1, `E0 01 00`, 'TRAILING_BYTES'),
  row(V3_1, `40 01 00`, 'FIELD_TRUNCATED'),
  row(V5, `40 02 0000`, 'PACKET_ID_ZERO'),
  row(V3_1_1, `62 02 0000`, 'PACKET_ID_ZERO'),
  row(V5, `40 03 0001 92`, 'REASON_CODE_UNKNOWN'),
  row(V5, `62 03 0001 10`, 'REASON_CODE_UNKNOWN'),
  row(V5, `E0 01 05`, 'REASON_CODE_UNKNOWN'),
  row(V5, `F0 RL 17 04 15 s'M'`, 'REASON_CODE_UNKNOWN'),

  // CONNECT
  row(V5, `10 RL s'MQTU' 05 02 003C 00 s'id'`, 'PROTOCOL_NAME'),
  row(V5, `10 RL s'mqtt' 05 02 003C 00 s'id'`, 'PROTOCOL_NAME'),
  row(V5, `10 RL s'MQTT' 03 02 003C s'id'`, 'PROTOCOL_LEVEL'),
  row(V5, `10 RL s'MQTT' 06 02 003C 00 s'id'`, 'PROTOCOL_LEVEL'),
  row(V5, `10 RL s'MQIsdp' 04 02 003C s'id'`, 'PROTOCOL_LEVEL'),
  row(V5, `10 04 s'MQ'`, 'FIELD_TRUNCATED'),
  row(V5, `11 RL s'MQTT' 05 02 003C 00 s'id'`, 'RESERVED_FLAGS'),
  row(V5, `10 RL s'MQTT' 05 03 003C 00 s'id'`, 'CONNECT_RESERVED_FLAG'),
  row(V3_1_1, `10 RL s'MQTT' 04 03 003C s'id'`, 'CONNECT_RESERVED_FLAG'),
  ...['0A', '12', '22'].map((flags) => row(V3_1_1, `10 RL s'MQTT' 04 ${flags} 003C s'id'`, 'WILL_FLAGS')),
  row(V3_1, `10 RL s'MQIsdp' 03 1E 003C s'id' s'w' s'x'`, 'WILL_QOS_3'),
  row(V5, `10 RL s'MQTT' 05 06 003C 00 s'id' 00 s'' s'x'`, 'WILL_TOPIC_EMPTY'),
  row(V5, `10 RL s'MQTT' 05 06 003C 00 s'id'`, 'FIELD_TRUNCATED'),
  row(V3_1_1, `10 RL s'MQTT' 04 06 003C s'id' s'w'`, 'FIELD_TRUNCATED'),
  row(V3_1_1, `10 RL s'MQTT' 04 42 003C s'id' s'p'`, 'PASSWORD_WITHOUT_USER_NAME'),
  row(V3_1_1, `10 RL s'MQTT' 04 C2 003C s'id' s'u'`, 'FIELD_TRUNCATED'),
  row(V3_1_1, `10 RL s'MQTT' 04 82 003C s'id' s'u' s'p'`, 'TRAILING_BYTES'),
  row(V3_1_1, `10 RL s'MQTT' 04 02 003C`, 'FIELD_TRUNCATED'),
  row(V5, `10 RL s'MQTT' 05 02 003C 03 21 0000 s'id'`, 'PROPERTY_ZERO'),
  row(V5, `10 RL s'MQTT' 05 02 003C 05 27 00000000 s'id'`, 'PROPERTY_ZERO'),
  row(V5, `10 RL s'MQTT' 05 02 003C 02 17 02 s'id'`, 'PROPERTY_NOT_BOOLEAN'),
  row(V5, `10 RL s'MQTT' 05 02 003C 02 19 02 s'id'`, 'PROPERTY_NOT_BOOLEAN'),
  row(V5, `10 RL s'MQTT' 05 02 003C 04 16 s'p' s'id'`, 'AUTHENTICATION_DATA_WITHOUT_METHOD'),

  // Strings
  ...['C328', 'EDA080', 'C080', 'E08080', 'F0808080', 'F4908080', '80', 'FF', 'E282'].map((raw) =>
    row(V3_1_1, `10 RL s'MQTT' 04 02 003C ${(raw.length / 2).toString(16).padStart(4, '0')} ${raw}`, 'MALFORMED_UTF8'),
  ),
  row(V3_1_1, `82 RL 0001 0003 610062 00`, 'NULL_CHARACTER'),
  ...['01', '1F', '7F', 'C285', 'EFB790', 'EFBFBF', 'F09FBFBE'].map((raw) =>
    row(V5, `A2 RL 0001 00 ${(raw.length / 2).toString(16).padStart(4, '0')} ${raw}`, 'CONTROL_CHARACTER'),
  ),

  // Properties
  ...['00', '04', '0A', '10', '14', '1B', '1E', '20', '7F', '8001', 'FFFFFF7F'].map((id) =>
    row(V5, `30 RL s'a' ${(id.length / 2 + 1).toString(16).padStart(2, '0')} ${id} 00`, 'PROPERTY_UNKNOWN'),
  ),
  row(V5, `30 RL s'a' 05 11 00000001`, 'PROPERTY_MISPLACED'),
  row(V5, `82 RL 0001 05 02 00000001 s'a' 00`, 'PROPERTY_MISPLACED'),
  row(V5, `30 RL s'a' 04 01 00 01 00`, 'PROPERTY_TWICE'),
  row(V5, `82 RL 0001 04 0B 01 0B 02 s'a' 00`, 'PROPERTY_TWICE'),
  row(V5, `30 RL s'a' 03 02 0000`, 'PROPERTY_TRUNCATED'),
  row(V5, `30 RL s'a' 03 03 0005`, 'PROPERTY_TRUNCATED'),
  row(V5, `30 RL s'a' 7F 01 00`, 'PROPERTY_LENGTH'),
  row(V5, `30 RL s'a' 80 00`, 'VARINT_MALFORMED'),
  row(V5, `30 RL s'a' 02 01 02`, 'PAYLOAD_FORMAT_INDICATOR'),
  row(V5, `30 RL s'a' 03 23 0000`, 'TOPIC_ALIAS_ZERO'),
  row(V5, `30 RL s'a' 03 08 s''`, 'RESPONSE_TOPIC'),
  row(V5, `30 RL s'a' 06 08 s'a/#'`, 'RESPONSE_TOPIC'),
  row(V5, `82 RL 0001 02 0B 00 s'a' 00`, 'PROPERTY_ZERO'),

  // PUBLISH
  row(V3_1_1, `36 RL s'a' 0001`, 'QOS_3'),
  row(V5, `38 RL s'a' 00`, 'DUP_ON_QOS_0'),
  row(V3_1_1, `30 03 0005 74`, 'FIELD_TRUNCATED'),
  row(V3_1_1, `32 RL s'a' 00`, 'FIELD_TRUNCATED'),
  row(V3_1_1, `32 RL s'a' 0000`, 'PACKET_ID_ZERO'),
  row(V5, `30 RL s'a'`, 'FIELD_TRUNCATED'),

  // SUBSCRIBE, UNSUBSCRIBE
  row(V3_1_1, `82 02 0001`, 'NO_TOPIC_FILTER'),
  row(V5, `82 03 0001 00`, 'NO_TOPIC_FILTER'),
  row(V5, `A2 03 0001 00`, 'NO_TOPIC_FILTER'),
  row(V3_1_1, `82 RL 0001 s'a'`, 'FIELD_TRUNCATED'),
  row(V3_1, `82 RL 0001 s'a' 03`, 'SUBSCRIPTION_QOS_3'),
  row(V5, `82 RL 0001 00 s'a' 30`, 'RETAIN_HANDLING_3'),
  ...['40', '80', 'C0'].map((options) => row(V5, `82 RL 0001 00 s'a' ${options}`, 'SUBSCRIPTION_RESERVED_BITS')),
  ...['04', '08', '10', '80'].map((options) => row(V3_1_1, `82 RL 0001 s'a' ${options}`, 'SUBSCRIPTION_RESERVED_BITS')),

  // AUTH
  row(V5, `F0 02 18 00`, 'AUTHENTICATION_METHOD_MISSING'),
]
