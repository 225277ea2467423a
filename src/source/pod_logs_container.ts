import { isApiError } from "../kube/errors.ts";
import type { LogText } from "../kube/log_lines.ts";
import { judgeFailure, type RestartReason, Waits } from "../kube/restart.ts";
import type { PodLogRequest } from "../kube/pod_log.ts";
import type { WatchApi } from "../kube/watcher.ts";
import type { LogLine } from "../model/log_line.ts";
import type { Clock } from "../run/clock.ts";
import { Nap } from "../run/nap.ts";
import { type LogPatterns, Matcher } from "./pod_logs_patterns.ts";
import type { LoggedContainer, LoggedPod } from "./pod_logs_pods.ts";
import { LogPosition } from "./pod_logs_position.ts";
import { SeenLines } from "./pod_logs_seen.ts";
import type { Slots } from "./pod_logs_slots.ts";
import { readLogOnce, type StreamEnd } from "./pod_logs_stream.ts";
import { CLOCK_SKEW_NANOSECONDS, later, nanosecondsOf, readStamp, secondOf } from "./pod_logs_time.ts";

/** How the reading of one container's log stands. */
export type ContainerState =
  /** It is open, or about to be opened. */
  | { readonly kind: "reading" }
  /** The container has not been started, so that there is no log yet. */
  | { readonly kind: "unstarted" }
  /** As many logs are read as may be. */
  | { readonly kind: "queued" }
  /** The container has ended, and its log was read whole. */
  | { readonly kind: "ended" }
  | { readonly kind: "forbidden" | "failing"; readonly message: string };

/** What one container's log is read with. */
export interface ContainerLogParts {
  readonly api: WatchApi;
  readonly clock: Clock;
  readonly slots: Slots;
  readonly patterns: LogPatterns;
  /** Begins to take a line to its verdict, and calls `settled` when it has one; waits while too many are under way. */
  readonly take: (line: LogLine, settled: () => void) => Promise<void>;
  /** Called when something came, or the log was opened. */
  readonly onSignOfLife: () => void;
  /** Called each time the log must be opened anew. */
  readonly onRestart: (reason: RestartReason, error: Error | undefined) => void;
}

/** Standard output and error are stamped side by side, so that a line may stand after one that is slightly later. */
const DISORDER_NANOSECONDS = 1_000_000_000n;
const RECOVERED_MILLISECONDS = 10_000;
const CLOSED_AT_ONCE_MILLISECONDS = 1000;
/** How long the log of a pod that is gone may be silent before it is left. */
const LAST_WORDS_MILLISECONDS = 30_000;
const MOST_LAST_WORDS_MILLISECONDS = 600_000;
/** From which failure in a row on it is told: the first may be a node that restarts. */
const FAILURES_TOLD = 3;
/** How long a log that speaks is read while others wait for their turn. */
const TURN_MILLISECONDS = 60_000;
const UNSTARTED_MILLISECONDS = 5000;
const WOKEN = new DOMException("Something has changed", "AbortError");

/** The log of one container, read through everything that ends a stream for as long as its pod is there. */
export class ContainerLog {
  readonly #pod: LoggedPod;
  readonly #name: string;
  readonly #start: bigint;
  readonly #parts: ContainerLogParts;
  readonly #position: LogPosition;
  readonly #seen = new SeenLines();
  readonly #waits: Waits;
  readonly #over = new AbortController();
  readonly #nap: Nap;
  readonly #matcher: Matcher;
  #status: LoggedContainer;
  #state: ContainerState = { kind: "reading" };
  /** How far the reading had come when the pod's status was known to be true: the time before the last one, and the last. */
  #confirmed: readonly [before: bigint, last: bigint];
  /** Which earlier container of the name was read to its end. */
  #previousRead: string | undefined;
  /** What had been written up to here was read, by a clock that may not be the node's. */
  #emptyAt: bigint | undefined;
  /** An unfinished line at the end of the log: it is one when it is found there once more. */
  #tail: string | undefined;
  #isGone = false;
  #failures = 0;
  #heardAt = 0;
  #isBusy = false;
  #interrupt: (() => void) | undefined;

  /** @param start lines before this time (nanoseconds since 1970) have their verdicts already */
  constructor(pod: LoggedPod, status: LoggedContainer, start: bigint, parts: ContainerLogParts) {
    this.#pod = pod;
    this.#name = status.name;
    this.#status = status;
    this.#start = start;
    this.#parts = parts;
    this.#position = new LogPosition(start);
    this.#confirmed = [start, start];
    this.#waits = new Waits(parts.clock);
    this.#nap = new Nap(parts.clock);
    this.#matcher = new Matcher(parts.patterns, parts.clock);
    if (isBefore(status.previous?.finishedAt, start)) this.#previousRead = status.previous?.id;
    if (status.isTerminated && isBefore(status.finishedAt, start) && !this.#hasUnreadPrevious()) {
      this.#state = { kind: "ended" };
    }
  }

  /** How it stands. */
  get state(): ContainerState {
    return this.#state;
  }

  /**
   * Every line before this time has its verdict; undefined when there is none that has not. It stays behind until the pod's
   * status was confirmed twice, since a container that was restarted unseen has lines that are older than those of the new.
   */
  get position(): bigint | undefined {
    return this.#state.kind === "ended" && this.#position.isSettled ? undefined : this.#confirmed[0];
  }

  /** The pod's status was told anew. */
  update(status: LoggedContainer): void {
    const before = this.#status;
    this.#status = status;
    if (before.previous?.id !== status.previous?.id && this.#hasUnreadPrevious()) this.#interrupt?.();
    this.#nap.wake();
  }

  /** What is known of the pods is what stands there at this moment. */
  confirm(): void {
    const [, last] = this.#confirmed;
    const read = later(this.#start, this.#position.settledTo - DISORDER_NANOSECONDS);
    // Nothing before the second of these two is asked for again.
    const { readTo } = this.#position;
    this.#seen.forgetBefore((last < readTo ? last : readTo) - 2n * DISORDER_NANOSECONDS);
    const isEmpty = this.#emptyAt !== undefined && this.#position.isSettled;
    this.#confirmed = [last, later(last, isEmpty ? later(read, this.#emptyAt ?? 0n) : read)];
  }

  /**
   * The pod is gone: what its log still brings is read, and no more.
   *
   * @param isDeleted false: it may go on for ever, as a pod that is not selected any more
   */
  retire(isDeleted: boolean): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#nap.wake();
    const until = this.#parts.clock.monotonic() + (isDeleted ? MOST_LAST_WORDS_MILLISECONDS : 0);
    this.#leaveWhenSilent(until).catch(() => {});
  }

  /**
   * Reads until the pod is gone and nothing more comes.
   *
   * @throws the signal's reason, and what `take` throws
   */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (true) {
        if (this.#state.kind === "ended") {
          if (this.#isGone) return;
          if (this.#status.isTerminated && !this.#hasUnreadPrevious()) {
            await this.#nap.sleep(Infinity, signal);
            continue;
          }
          this.#state = { kind: "reading" };
        }
        const waitMilliseconds = await this.#step(signal);
        if (waitMilliseconds === "over") return;
        if (waitMilliseconds > 0) await this.#nap.sleep(waitMilliseconds, signal);
      }
    } finally {
      this.#over.abort(WOKEN);
    }
  }

  /** Reads what is written, and follows what comes; returns how long to wait before the next time. */
  async #step(signal: AbortSignal): Promise<number | "over"> {
    const status = this.#status;
    const previous = this.#hasUnreadPrevious() ? status.previous : undefined;
    const written = await this.#read(previous === undefined ? "written" : "previous", signal);
    if (written === "interrupted") return this.#isGone ? "over" : 0;
    if (written.kind === "failed") return this.#afterFailure(written.error, previous?.id);
    if (written.kind === "silent") return this.#again("silence", undefined);
    // What is not finished by a container that still runs will come whole.
    const isOver = previous !== undefined || status.isTerminated;
    if (isOver && !(await this.#isWhole(written.tail))) {
      return this.#waits.after("closed", new Error("the last line is not finished"));
    }
    if (previous !== undefined) {
      this.#previousRead = previous.id;
      return 0;
    }
    if (this.#isGone) return "over";
    if (status.isTerminated && this.#status.isTerminated && !this.#hasUnreadPrevious()) {
      this.#state = { kind: "ended" };
      return 0;
    }
    const followed = await this.#read("followed", signal);
    if (followed === "interrupted") return this.#isGone ? "over" : 0;
    if (followed.kind === "failed") return this.#afterFailure(followed.error, undefined);
    if (this.#isGone) return "over";
    if (followed.kind === "silent") return this.#again("closed", undefined);
    const { lastedMilliseconds } = followed;
    if (lastedMilliseconds >= RECOVERED_MILLISECONDS) this.#waits.onRecovered();
    const isHasty = lastedMilliseconds < CLOSED_AT_ONCE_MILLISECONDS;
    return this.#again("closed", isHasty ? new Error("the log was closed at once") : undefined);
  }

  #again(reason: RestartReason, error: Error | undefined): number {
    this.#parts.onRestart(reason, undefined);
    return this.#waits.after(reason, error);
  }

  #afterFailure(error: unknown, previousId: string | undefined): number | "over" {
    const isNothingThere = isApiError(error, "bad-request", "not-found");
    if (isNothingThere && previousId !== undefined) {
      // It was removed meanwhile.
      this.#previousRead = previousId;
      return 0;
    }
    if (this.#isGone) return "over";
    if (isApiError(error, "bad-request")) {
      this.#state = { kind: "unstarted" };
      this.#failures = 0;
      return UNSTARTED_MILLISECONDS;
    }
    const { reason, error: cause } = judgeFailure(error);
    this.#failures++;
    if (reason === "forbidden") this.#state = { kind: "forbidden", message: cause.message };
    else if (this.#failures >= FAILURES_TOLD) this.#state = { kind: "failing", message: cause.message };
    // One that goes on failing is told by its state.
    this.#parts.onRestart(reason, this.#failures === 1 ? cause : undefined);
    return this.#waits.after(reason, cause);
  }

  async #read(part: PodLogRequest["part"], signal: AbortSignal): Promise<StreamEnd | "interrupted"> {
    const { slots, clock } = this.#parts;
    const taking = slots.take(signal);
    if (slots.waiting > 0) this.#state = { kind: "queued" };
    using _slot = await taking;
    if (this.#state.kind === "queued") this.#state = { kind: "reading" };
    const takenAt = clock.monotonic();
    const last = later(this.#start, this.#position.readTo - DISORDER_NANOSECONDS);
    const inner = new AbortController();
    const forward = (): void => inner.abort(signal.reason);
    signal.addEventListener("abort", forward, { once: true });
    this.#interrupt = () => inner.abort(WOKEN);
    const askedAt = nanosecondsOf(clock.now()) - CLOCK_SKEW_NANOSECONDS;
    this.#heardAt = takenAt;
    const request = {
      namespace: this.#pod.namespace,
      pod: this.#pod.name,
      container: this.#name,
      sinceTime: secondOf(part === "previous" ? this.#confirmed[0] : last),
      part,
    };
    const onLine = async (line: LogText): Promise<void> => {
      await this.#take(line);
      // Silent logs give way by themselves.
      if (slots.waiting > 0 && clock.monotonic() - takenAt >= TURN_MILLISECONDS) this.#interrupt?.();
    };
    try {
      const listener = { onOpened: () => this.#onOpened(), onLine };
      const end = await readLogOnce(request, listener, this.#parts, inner.signal);
      if (part === "written" && isEmptied(end)) this.#emptyAt = askedAt;
      return end;
    } catch (error) {
      if (error !== WOKEN) throw error;
      return "interrupted";
    } finally {
      this.#interrupt = undefined;
      signal.removeEventListener("abort", forward);
    }
  }

  #onOpened(): void {
    this.#state = { kind: "reading" };
    this.#failures = 0;
    this.#heardAt = this.#parts.clock.monotonic();
    this.#waits.onOpened();
    this.#parts.onSignOfLife();
  }

  async #take(text: LogText): Promise<void> {
    this.#parts.onSignOfLife();
    const stamped = readStamp(text.text);
    const { nanoseconds, timestamp, line } = stamped;
    // `sinceTime` knows whole seconds only.
    if (nanoseconds !== undefined && nanoseconds < this.#start) return;
    const pattern = await this.#matcher.match(line, this.#over.signal);
    if (pattern === undefined || !this.#seen.add(stamped)) {
      if (nanoseconds !== undefined) this.#position.pass(nanoseconds);
      return;
    }
    this.#waits.onRecovered();
    const mark = this.#position.begin(nanoseconds ?? this.#position.readTo);
    this.#isBusy = true;
    try {
      await this.#parts.take({
        namespace: this.#pod.namespace,
        podName: this.#pod.name,
        podUid: this.#pod.uid,
        container: this.#name,
        timestamp,
        line,
        ...(text.isCut ? { isCut: true } : {}),
        ...(this.#pod.isOwn ? { isOwn: true } : {}),
        pattern,
      }, () => this.#position.settle(mark));
    } finally {
      this.#isBusy = false;
      this.#heardAt = this.#parts.clock.monotonic();
    }
  }

  /** Whether the log ends with a whole line, or with one that will not be finished any more: then that is taken too. */
  async #isWhole(tail: LogText | undefined): Promise<boolean> {
    const isSame = tail?.text === this.#tail;
    this.#tail = isSame ? undefined : tail?.text;
    if (tail === undefined) return true;
    if (!isSame) return false;
    await this.#take(tail);
    return true;
  }

  #hasUnreadPrevious(): boolean {
    const { previous } = this.#status;
    return previous !== undefined && previous.id !== this.#previousRead;
  }

  async #leaveWhenSilent(until: number): Promise<void> {
    const { clock } = this.#parts;
    let rest = LAST_WORDS_MILLISECONDS;
    while (rest > 0) {
      await clock.sleep(rest, this.#over.signal);
      if (clock.monotonic() >= until) break;
      rest = this.#isBusy
        ? LAST_WORDS_MILLISECONDS
        : this.#heardAt + LAST_WORDS_MILLISECONDS - clock.monotonic();
    }
    this.#interrupt?.();
  }
}

/** Whether what ended then, by a clock of whole seconds, has said nothing since `start`. */
function isBefore(finishedAt: number | undefined, start: bigint): boolean {
  return finishedAt !== undefined && nanosecondsOf(finishedAt) + 2n * DISORDER_NANOSECONDS < start;
}

/** Whether everything that was written before the request was read; a container that has not started has written nothing. */
function isEmptied(end: StreamEnd): boolean {
  return end.kind === "closed"
    ? end.tail === undefined
    : end.kind === "failed" && isApiError(end.error, "bad-request");
}
