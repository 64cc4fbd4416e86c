// SPDX-License-Identifier: Apache-2.0
/** "Change only the image and everything still works": what that means, point by point. */
export const ACCEPTANCE_LIST: readonly { readonly title: string; readonly points: Readonly<Record<number, string>> }[] =
  [
    {
      title: 'Image and start',
      points: {
        1: 'the home is found without a variable, wherever UMH mounts it',
        2: 'the working folder is the home; sh, cp and ls are there; amd64 and arm64',
        3: 'root by default, steps down to 10000:10000, gives data away; or stays root; or runs as any user',
        4: 'no VOLUME, all mounts come together in one home',
        5: 'process 1 ends on SIGTERM within 30 s with exit code 0 or 143, sessions and queues on disk',
        6: 'JAVA_OPTS is accepted; only -Dhivemq.* folders are read from it',
        7: 'runs within 500Mi and 700m, idle below 100Mi, bounded under load',
        8: 'ready well within 60 s with a full store of 2 GiB',
      },
    },
    {
      title: 'Configuration',
      points: {
        9: "conf read-only with config.xml alone, as each of UMH's charts renders it; all of it takes effect",
        10: 'legacy persistence elements and mqtt-addons never stop the start; each is logged once',
        11: 'blank lines, unknown elements, xmlns:xsi are accepted; without a file defaults and a WARN',
        12: 'keys of ConfigMaps and Secret and names of files are unchanged',
      },
    },
    {
      title: 'Network',
      points: {
        13: '1883 plain, 8883 TLS: TLS 1.2 with each of the eight suites, and TLS 1.3',
        14: 'REQUIRED refuses no and unknown client certificates; OPTIONAL takes none, refuses unknown ones',
        15: 'key stores of every kind open; expired but pinned clients are let in with a WARN',
        16: 'a changed Secret counts for new connections without a restart; a broken one changes nothing',
        17: 'WebSocket on 8080 and 8443 at /mqtt, mqtt and mqttv3.1, when enabled',
        18: 'port probes leave no trace above DEBUG',
      },
    },
    {
      title: 'Extensions folder',
      points: {
        19: 'HIVEMQ_ALLOW_ALL_CLIENTS exactly true: everybody, unless file-rbac is there; nobody without either',
        20: 'Java extensions are recognised by id; DISABLED is obeyed; of others one WARN',
        21: 'second copies inside and leftovers are ignored; files in the root and in conf/ count',
        22: 'the postStart command succeeds at every start, also where its folders were missing',
        23: 'what the hook writes after the start is taken up',
        24: 'heartbeat on 9090: 200 when ready and not before; metrics on 9399 with the names of HiveMQ',
        25: 'both have their defaults if the files never come',
      },
    },
    {
      title: 'RBAC',
      points: {
        26: 'all five users and the admin user log in and may do exactly what their roles say',
        27: "the superuser's four topics all count, with a WARN; the last alone if wished",
        28: 'demo users are never let in while the ConfigMap has credentials',
        29: 'a command makes hashes; the documented java -jar call works',
        30: 'new passwords hold after the pod is deleted, and within 60 s after the file has changed',
      },
    },
    {
      title: 'Protocol',
      points: {
        31: '3.1, 3.1.1 and 5 on one port; QoS 0 to 2; shared subscriptions; overlapping filters; retained by switch',
        32: 'an empty client id is refused: 0x85, before MQTT 5: 2',
        33: 'client ids like names of pods, share names of more than 70 characters',
        34: 'who takes a client id over ends the older connection (MQTT 5: 0x8E)',
        35: "the stack's clients run without reconnects",
      },
    },
    {
      title: 'Data and going back',
      points: {
        36: "own data in an own folder of the claim; HiveMQ's files are not touched; the size is watched",
        37: 'with the image of HiveMQ again everything of HiveMQ is as it was',
        38: 'sessions of HiveMQ are not carried over, and the documentation says so and what to do',
        39: 'the image may be set by kubectl, by repository and tag, or by the registry',
        40: "log to stdout in HiveMQ's form; JSON on request",
      },
    },
  ]
