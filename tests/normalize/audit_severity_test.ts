import assert from "node:assert/strict";
import type { Json, JsonObject } from "../../src/model/json.ts";
import { isAtLeast } from "../../src/model/severity.ts";
import { readAuditEvent } from "../../src/normalize/audit_event.ts";
import { AUDIT_RULES, judgeAuditEvent } from "../../src/normalize/audit_severity.ts";

const RBAC = "rbac.authorization.k8s.io";

interface Request {
  readonly verb: string;
  /** `group/resource/subresource`, the core group empty. */
  readonly on: string;
  readonly by?: string;
  readonly code?: number;
  readonly sent?: Json;
  readonly answered?: Json;
}

function judge({ verb, on, by = "alice", code = 200, sent, answered }: Request): string {
  const [apiGroup, resource, subresource] = on.split("/");
  const rule = judgeAuditEvent(readAuditEvent({
    verb,
    user: { username: by },
    objectRef: { apiGroup: apiGroup ?? "", resource: resource ?? "", subresource: subresource ?? "" },
    responseStatus: { code },
    ...(sent === undefined ? {} : { requestObject: sent }),
    ...(answered === undefined ? {} : { responseObject: answered }),
  }));
  return `${rule.severity} ${rule.name}`;
}

const binding = (name: string, kind = "ClusterRole"): JsonObject => ({ roleRef: { kind, name } });
const role = (rule: JsonObject): JsonObject => ({ rules: [{ verbs: ["get"], resources: ["pods"] }, rule] });
const pod = (list: string, privileged: Json): JsonObject => ({
  spec: { containers: [{ name: "a" }], [list]: [{ name: "b", securityContext: { privileged } }] },
});

Deno.test("The table is in order of badness, so that the first line that applies is the worst", () => {
  AUDIT_RULES.forEach((rule, index) => {
    const next = AUDIT_RULES[index + 1];
    if (next !== undefined) {
      assert.ok(isAtLeast(rule.severity, next.severity), `${rule.name} before ${next.name}`);
    }
  });
});

Deno.test("Each line of the table applies to what it names, and to nothing beside it", () => {
  const cases: readonly [Request, string][] = [
    [
      { verb: "create", on: `${RBAC}/clusterrolebindings`, sent: binding("cluster-admin") },
      "critical cluster_admin_binding",
    ],
    [
      { verb: "update", on: `${RBAC}/rolebindings`, sent: binding("cluster-admin") },
      "critical cluster_admin_binding",
    ],
    [
      { verb: "patch", on: `${RBAC}/clusterrolebindings`, sent: [], answered: binding("cluster-admin") },
      "critical cluster_admin_binding",
    ],
    [{ verb: "create", on: `${RBAC}/clusterrolebindings`, sent: binding("view") }, "high rbac_write"],
    [
      { verb: "create", on: `${RBAC}/rolebindings`, sent: binding("cluster-admin", "Role") },
      "high rbac_write",
    ],
    [
      { verb: "delete", on: `${RBAC}/clusterrolebindings`, answered: binding("cluster-admin") },
      "high rbac_write",
    ],
    [{ verb: "create", on: `${RBAC}/clusterrolebindings` }, "high rbac_write"],

    [
      { verb: "create", on: `${RBAC}/clusterroles`, sent: role({ verbs: ["*"], resources: ["a"] }) },
      "critical wildcard_cluster_role",
    ],
    [
      { verb: "patch", on: `${RBAC}/clusterroles`, sent: role({ verbs: ["get"], resources: ["*"] }) },
      "critical wildcard_cluster_role",
    ],
    [{
      verb: "create",
      on: `${RBAC}/clusterroles`,
      sent: role({ nonResourceURLs: ["/api/*"], verbs: ["get"] }),
    }, "high rbac_write"],
    [{ verb: "create", on: `${RBAC}/roles`, sent: role({ verbs: ["*"] }) }, "high rbac_write"],
    [{ verb: "get", on: `${RBAC}/clusterroles`, answered: role({ verbs: ["*"] }) }, "info read"],

    [{ verb: "create", on: "/pods", sent: pod("containers", true) }, "critical privileged_pod"],
    [{ verb: "create", on: "/pods", sent: pod("initContainers", true) }, "critical privileged_pod"],
    [
      { verb: "create", on: "/pods", sent: pod("containers", false), answered: pod("containers", true) },
      "critical privileged_pod",
    ],
    [
      { verb: "patch", on: "/pods/ephemeralcontainers", sent: pod("ephemeralContainers", true) },
      "critical privileged_pod",
    ],
    [{ verb: "create", on: "/pods", sent: pod("containers", "true") }, "low write"],
    // The kubelet reports the state of a privileged pod all day.
    [{ verb: "patch", on: "/pods/status", answered: pod("containers", true) }, "low write"],
    [{ verb: "get", on: "/pods", answered: pod("containers", true) }, "info read"],
    [{ verb: "create", on: "metrics.k8s.io/pods", sent: pod("containers", true) }, "low write"],

    [{ verb: "create", on: "/pods/exec", code: 101 }, "high pod_access"],
    [{ verb: "get", on: "/pods/attach" }, "high pod_access"],
    [{ verb: "create", on: "/pods/portforward", code: 403 }, "high pod_access"],
    [{ verb: "get", on: "/pods/log" }, "info read"],
    [{ verb: "get", on: "/services/proxy" }, "info read"],

    [{ verb: "get", on: "/secrets" }, "high secret_read"],
    [{ verb: "list", on: "/secrets" }, "high secret_read"],
    [{ verb: "watch", on: "/secrets", by: "oidc:system:bob" }, "high secret_read"],
    [{ verb: "list", on: "/secrets", by: "system:kube-controller-manager" }, "info read"],
    [{ verb: "get", on: "/secrets", by: "system:serviceaccount:flux:source" }, "info read"],
    [{ verb: "get", on: "example.com/secrets" }, "info read"],
    [{ verb: "create", on: "/secrets" }, "low write"],

    [{ verb: "delete", on: `${RBAC}/roles` }, "high rbac_write"],
    [{ verb: "list", on: `${RBAC}/roles` }, "info read"],
    [
      { verb: "create", on: "admissionregistration.k8s.io/validatingwebhookconfigurations" },
      "high admission_webhook_write",
    ],
    [
      { verb: "delete", on: "admissionregistration.k8s.io/mutatingwebhookconfigurations" },
      "high admission_webhook_write",
    ],
    [{ verb: "get", on: "admissionregistration.k8s.io/mutatingwebhookconfigurations" }, "info read"],

    [{ verb: "get", on: "/pods", by: "system:anonymous", code: 200 }, "high anonymous_allowed"],
    [{ verb: "get", on: "/secrets", by: "system:anonymous", code: 200 }, "high secret_read"],
    [{ verb: "get", on: "/pods", by: "system:anonymous", code: 403 }, "medium denied"],
    [{ verb: "get", on: "/pods", by: "system:anonymous", code: 302 }, "info read"],

    [{ verb: "get", on: "/pods", code: 401 }, "medium denied"],
    [{ verb: "create", on: "/pods", code: 403 }, "medium denied"],
    [{ verb: "get", on: "/pods", code: 404 }, "info read"],
    [{ verb: "delete", on: "/pods" }, "medium delete"],
    [{ verb: "deletecollection", on: "example.com/widgets" }, "medium delete"],
    [{ verb: "create", on: "/serviceaccounts/token" }, "medium service_account_token"],
    [{ verb: "create", on: "/serviceaccounts" }, "low write"],

    [{ verb: "create", on: "/configmaps" }, "low write"],
    [{ verb: "update", on: "apps/deployments/scale" }, "low write"],
    [{ verb: "patch", on: "/nodes/status" }, "low write"],
    [{ verb: "post", on: "" }, "low write"],
    [{ verb: "get", on: "/configmaps" }, "info read"],
    [{ verb: "list", on: "/pods" }, "info read"],
    [{ verb: "watch", on: "/pods" }, "info read"],
    [{ verb: "head", on: "" }, "info read"],
  ];
  for (const [request, expected] of cases) assert.equal(judge(request), expected, JSON.stringify(request));
});
