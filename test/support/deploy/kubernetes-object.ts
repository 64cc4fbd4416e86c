// SPDX-License-Identifier: Apache-2.0
/** As much of Kubernetes' objects as the tests look at; whether the rest is right is up to its schemas. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Metadata
  /** Those of other kinds have none, and no test looks there. */
  readonly spec: Spec
  readonly data: Strings
}

export type Strings = Readonly<Record<string, string>>

export interface Metadata {
  readonly name: string
  readonly labels: Strings
  readonly annotations?: Strings
}

/** The fields of all the kinds: a test knows which one it has. */
export interface Spec {
  readonly type: string
  readonly ports: readonly ServicePort[]
  readonly selector: Strings & { readonly matchLabels: Strings }
  readonly replicas: number
  readonly serviceName: string
  readonly template: { readonly metadata: Metadata; readonly spec: PodSpec }
  readonly dnsNames: readonly string[]
  readonly endpoints: readonly object[]
  readonly ingress: readonly {
    readonly ports: readonly { readonly port: string }[]
    readonly from?: readonly object[]
  }[]
}

export interface ServicePort {
  readonly name: string
  readonly port: number
  readonly targetPort: string
}

export interface PodSpec {
  readonly containers: readonly Container[]
  readonly volumes: readonly Volume[]
  readonly securityContext: object
  readonly terminationGracePeriodSeconds: number
}

export interface Container {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly volumeMounts: readonly VolumeMount[]
  readonly livenessProbe: object
  readonly readinessProbe: object
  readonly lifecycle: object
  readonly resources: object
  readonly securityContext: object
}

export interface VolumeMount {
  readonly name: string
  readonly mountPath: string
  readonly readOnly?: boolean
}

export interface Volume {
  readonly name: string
  readonly configMap?: KeysOf
  readonly secret?: { readonly secretName: string; readonly items?: readonly Item[] }
  readonly persistentVolumeClaim?: { readonly claimName: string }
  readonly projected?: { readonly sources: readonly { readonly configMap?: KeysOf; readonly secret?: KeysOf }[] }
}

export interface KeysOf {
  readonly name: string
  readonly items?: readonly Item[]
}

export interface Item {
  readonly key: string
  readonly path: string
}
