import assert from "node:assert/strict";
import { checkIdentity, checkServer, judgeSkew, judgeVersion } from "../../src/cli/check_server.ts";
import { ApiError } from "../../src/kube/errors.ts";
import { apiOf } from "../support/api_of.ts";
import { FakeClock } from "../support/fake_clock.ts";

const never = new AbortController().signal;
const server = "https://kubernetes.default.svc:443";

const versions: readonly (readonly [unknown, string])[] = [
  [{ major: "1", minor: "31", gitVersion: "v1.31.0" }, "ok"],
  [{ major: "1", minor: "33+", gitVersion: "v1.33.2-eks-1" }, "ok"],
  [{ major: "2", minor: "0", gitVersion: "v2.0.0" }, "ok"],
  [{ major: "1", minor: "30", gitVersion: "v1.30.9" }, "problem"],
  [{ gitVersion: "homemade" }, "warning"],
  [undefined, "warning"],
];
for (const [version, verdict] of versions) {
  Deno.test(`version ${JSON.stringify(version)}: ${verdict}`, () => {
    assert.equal(judgeVersion(version).verdict, verdict);
  });
}

const skews: readonly (readonly [string, number, number, number | undefined, string, RegExp])[] = [
  ["the same second", 10_400, 10_450, 10_000, "ok", /agree/],
  ["two seconds in front, within what Date can say", 10_900, 10_950, 12_000, "ok", /agree/],
  ["a slow answer that explains it", 10_000, 20_000, 19_000, "ok", /agree/],
  ["the API server in front", 10_000, 10_100, 15_000, "warning", /4\.9 s behind/],
  ["the API server behind", 10_000, 10_100, 5_000, "warning", /4\.0 s ahead of/],
  ["no time at all", 10_000, 10_100, undefined, "warning", /says no time/],
];
for (const [name, sentAt, receivedAt, serverSecond, verdict, says] of skews) {
  Deno.test(`clocks, ${name}: ${verdict}`, () => {
    const checked = judgeSkew({ sentAt, receivedAt, serverSecond });
    assert.equal(checked.verdict, verdict);
    assert.match(checked.message, says);
    if (verdict === "warning" && serverSecond !== undefined) {
      assert.match(checked.advice ?? "", /Leadership does not/);
    }
  });
}

Deno.test("an API server that answers is reached, in its time, and its clock is looked at", async () => {
  const clock = new FakeClock();
  const good = await checkServer({ api: apiOf(() => clock.now()), clock, server }, never);
  assert.deepEqual(good.map(({ check, verdict }) => `${check} ${verdict}`), [
    "network ok",
    "version ok",
    "clock ok",
  ]);
  assert.match(good[0]?.message ?? "", /Reached https:\/\/kubernetes\.default\.svc:443 in 0 ms/);
  const late = await checkServer({ api: apiOf(() => clock.now() - 60_000), clock, server }, never);
  assert.equal(late[2]?.verdict, "warning");
});

const failures: readonly (readonly [string, number, RegExp])[] = [
  ["Cannot GET /version: Connection refused (os error 111)", 0, /nothing listens/],
  ["Cannot GET /version: dns error: failed to lookup address information", 0, /DNS/],
  ["Cannot GET /version: no answer within 5000 ms", 0, /networkPolicy\.apiServerPorts/],
  ["Cannot GET /version: invalid peer certificate: UnknownIssuer", 0, /another authority/],
  ['Cannot GET /version: Requires net access to "10.0.0.1:443"', 0, /--allow-net/],
  ["Cannot GET /version: 401 Unauthorized", 401, /does not take the credentials/],
];
for (const [message, code, advice] of failures) {
  Deno.test(`what helps against "${message}" is said`, async () => {
    const clock = new FakeClock();
    const api = apiOf(() => clock.now());
    api.fail("/version", new ApiError(message, { code }));
    const [network, ...rest] = await checkServer({ api, clock, server }, never);
    assert.deepEqual([network?.check, network?.verdict, rest.length], ["network", "problem", 0]);
    assert.match(network?.advice ?? "", advice);
  });
}

Deno.test("who this process is for the API server is said, and that it is nobody", async () => {
  const clock = new FakeClock();
  const api = apiOf(() => clock.now());
  const known = await checkIdentity({ api, clock, server }, never);
  assert.equal(known.username, "system:serviceaccount:zen:zen-watcher");
  assert.equal(known.checked.verdict, "ok");
  api.answer("/apis/authentication.k8s.io/v1/selfsubjectreviews", () => ({}));
  assert.equal((await checkIdentity({ api, clock, server }, never)).checked.verdict, "warning");
  api.fail("/apis/authentication.k8s.io/v1/selfsubjectreviews", new ApiError("401", { code: 401 }));
  const refused = await checkIdentity({ api, clock, server }, never);
  assert.equal(refused.checked.verdict, "problem");
  assert.match(refused.checked.advice ?? "", /token/);
});
