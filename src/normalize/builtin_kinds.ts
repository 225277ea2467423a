/** A resource that Kubernetes itself serves. */
export interface BuiltinKind {
  readonly kind: string;
  /** Its usual group and version. */
  readonly apiVersion: string;
  readonly isNamespaced: boolean;
}

const NAMESPACED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "v1": {
    bindings: "Binding",
    configmaps: "ConfigMap",
    endpoints: "Endpoints",
    events: "Event",
    limitranges: "LimitRange",
    persistentvolumeclaims: "PersistentVolumeClaim",
    pods: "Pod",
    podtemplates: "PodTemplate",
    replicationcontrollers: "ReplicationController",
    resourcequotas: "ResourceQuota",
    secrets: "Secret",
    serviceaccounts: "ServiceAccount",
    services: "Service",
  },
  "apps/v1": {
    controllerrevisions: "ControllerRevision",
    daemonsets: "DaemonSet",
    deployments: "Deployment",
    replicasets: "ReplicaSet",
    statefulsets: "StatefulSet",
  },
  "autoscaling/v2": { horizontalpodautoscalers: "HorizontalPodAutoscaler" },
  "batch/v1": { cronjobs: "CronJob", jobs: "Job" },
  "coordination.k8s.io/v1": { leases: "Lease" },
  "discovery.k8s.io/v1": { endpointslices: "EndpointSlice" },
  "networking.k8s.io/v1": { ingresses: "Ingress", networkpolicies: "NetworkPolicy" },
  "policy/v1": { poddisruptionbudgets: "PodDisruptionBudget" },
  "rbac.authorization.k8s.io/v1": { rolebindings: "RoleBinding", roles: "Role" },
};

const CLUSTER_WIDE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "v1": { namespaces: "Namespace", nodes: "Node", persistentvolumes: "PersistentVolume" },
  "admissionregistration.k8s.io/v1": {
    mutatingwebhookconfigurations: "MutatingWebhookConfiguration",
    validatingadmissionpolicies: "ValidatingAdmissionPolicy",
    validatingadmissionpolicybindings: "ValidatingAdmissionPolicyBinding",
    validatingwebhookconfigurations: "ValidatingWebhookConfiguration",
  },
  "apiextensions.k8s.io/v1": { customresourcedefinitions: "CustomResourceDefinition" },
  "apiregistration.k8s.io/v1": { apiservices: "APIService" },
  "authentication.k8s.io/v1": { selfsubjectreviews: "SelfSubjectReview", tokenreviews: "TokenReview" },
  "authorization.k8s.io/v1": {
    selfsubjectaccessreviews: "SelfSubjectAccessReview",
    selfsubjectrulesreviews: "SelfSubjectRulesReview",
    subjectaccessreviews: "SubjectAccessReview",
  },
  "certificates.k8s.io/v1": { certificatesigningrequests: "CertificateSigningRequest" },
  "flowcontrol.apiserver.k8s.io/v1": {
    flowschemas: "FlowSchema",
    prioritylevelconfigurations: "PriorityLevelConfiguration",
  },
  "networking.k8s.io/v1": { ingressclasses: "IngressClass" },
  "node.k8s.io/v1": { runtimeclasses: "RuntimeClass" },
  "rbac.authorization.k8s.io/v1": { clusterrolebindings: "ClusterRoleBinding", clusterroles: "ClusterRole" },
  "scheduling.k8s.io/v1": { priorityclasses: "PriorityClass" },
  "storage.k8s.io/v1": {
    csidrivers: "CSIDriver",
    csinodes: "CSINode",
    storageclasses: "StorageClass",
    volumeattachments: "VolumeAttachment",
  },
};

const ROWS: readonly (readonly [string, BuiltinKind])[] = [
  ...rows(NAMESPACED, true),
  ...rows(CLUSTER_WIDE, false),
];
const BY_PLURAL: ReadonlyMap<string, BuiltinKind> = new Map(ROWS);
const BY_KIND: ReadonlyMap<string, BuiltinKind> = new Map(ROWS.map(([, builtin]) => [builtin.kind, builtin]));

/** The builtin resource with this plural (`pods`). */
export function builtinByPlural(plural: string): BuiltinKind | undefined {
  return BY_PLURAL.get(plural);
}

/** The builtin resource of this kind (`Pod`). */
export function builtinByKind(kind: string): BuiltinKind | undefined {
  return BY_KIND.get(kind);
}

function rows(
  groups: Readonly<Record<string, Readonly<Record<string, string>>>>,
  isNamespaced: boolean,
): readonly (readonly [string, BuiltinKind])[] {
  return Object.entries(groups).flatMap(([apiVersion, kinds]) =>
    Object.entries(kinds).map(([plural, kind]) => [plural, { kind, apiVersion, isNamespaced }] as const)
  );
}
