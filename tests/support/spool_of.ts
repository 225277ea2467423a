import type { LaneNow } from "../../src/intake/replay.ts";
import { Replay } from "../../src/intake/replay.ts";
import { Spool } from "../../src/intake/spool.ts";
import { WebhookSpool } from "../../src/intake/webhook_spool.ts";
import { RecentNames } from "../../src/deduplicate/recent_names.ts";
import type { Api } from "../../src/kube/api.ts";
import type { Spooled } from "../../src/model/spooled.ts";
import { createMetrics, type Metrics } from "../../src/observe/metrics.ts";
import { Ledger } from "../../src/pipeline/ledger.ts";
import { Pipeline } from "../../src/pipeline/pipeline.ts";
import type { Clock } from "../../src/run/clock.ts";
import { FolderLocks } from "../../src/run/folder_lock.ts";
import { DeadLetters } from "../../src/write/dead_letters.ts";
import { ObservationWriter } from "../../src/write/writer.ts";
import { type FaultyDisk, faultyDisk } from "./faulty_disk.ts";
import { RecordingLog } from "./recording_log.ts";
import { besideWriter } from "./pipeline_of.ts";

/** One replica's way of a webhook, from its payload to the API and the disk. */
export interface SpoolScene {
  readonly spool: Spool;
  readonly replay: Replay;
  readonly webhooks: WebhookSpool;
  readonly deadLetters: DeadLetters;
  readonly writer: ObservationWriter;
  readonly ledger: Ledger;
  readonly metrics: Metrics;
  readonly log: RecordingLog;
  readonly disk: FaultyDisk;
  /** What /readyz was told last. */
  readonly isUsable: () => boolean;
}

/** Where and how one is made. */
export interface SpoolSceneOptions {
  readonly root: string;
  readonly identity?: string;
  readonly maxBytes?: number;
  readonly maxRecords?: number;
  readonly maxAgeMilliseconds?: number;
  readonly laneOf: (ingester: Spooled["ingester"]) => LaneNow;
}

/** Makes one over any API and clock; nothing is opened yet. */
export function spoolOf(api: Api, clock: Clock, options: SpoolSceneOptions): SpoolScene {
  const metrics = createMetrics("test");
  const ledger = new Ledger(metrics);
  const log = new RecordingLog();
  const disk = faultyDisk();
  const deadLetters = new DeadLetters({ disk, clock, metrics, log });
  const writer = new ObservationWriter({ concurrency: 16, fallbackNamespace: "zen" }, {
    api,
    clock,
    metrics,
  });
  const pipeline = new Pipeline({
    ...besideWriter(api, clock),
    writer,
    recent: new RecentNames({ maxSize: 100, windowSeconds: 60 }, clock),
    metrics,
    ledger,
    deadLetters,
    clock,
    log,
    place: { podNamespace: "zen", watchNamespaces: [], observationNamespace: undefined },
    self: () => ({ username: "me", namespace: "zen", podNames: [] }),
  });
  let usable = true;
  const spool = new Spool(
    {
      root: options.root,
      identity: options.identity ?? "one",
      maxBytes: options.maxBytes ?? 4 << 20,
      ...(options.maxRecords === undefined ? {} : { maxRecords: options.maxRecords }),
    },
    {
      disk,
      locks: new FolderLocks(clock),
      clock,
      metrics,
      log,
      ledger,
      deadLetters,
      onUsable: (isUsable) => usable = isUsable,
    },
  );
  const replay = new Replay({
    spool,
    pipeline,
    writer,
    ledger,
    deadLetters,
    laneOf: options.laneOf,
    maxAgeMilliseconds: options.maxAgeMilliseconds ?? 86_400_000,
    clock,
    log,
  });
  const webhooks = new WebhookSpool({ spool, replay, pipeline, writer, ledger, clock });
  return { spool, replay, webhooks, deadLetters, writer, ledger, metrics, log, disk, isUsable: () => usable };
}

/** Received, the sum of verdicts and of what is in flight, and of the latter alone. */
export async function ledgerOf(metrics: Metrics): Promise<readonly [number, number, number]> {
  const sum = async (metric: { get(): Promise<{ values: { value: number }[] }> }): Promise<number> =>
    (await metric.get()).values.reduce((total, { value }) => total + value, 0);
  const verdicts = [
    metrics.created,
    metrics.deduplicated,
    metrics.filtered,
    metrics.rejected,
    metrics.deadLetters,
    metrics.inFlight,
  ];
  const parts = await Promise.all(verdicts.map(sum));
  return [
    await sum(metrics.received),
    parts.reduce((total, value) => total + value, 0),
    await sum(metrics.inFlight),
  ];
}
