import { Gauge, type LabelValues } from "prom-client";

/** A gauge of what comes and goes: a series that is held is removed when the last who holds it lets it go. */
export class HeldGauge<T extends string> extends Gauge<T> {
  readonly #held = new Map<string, number>();

  /** Holds a series, which need not have a value yet, until the returned object is disposed. */
  hold(labels: LabelValues<T>): Disposable {
    const key = JSON.stringify(Object.entries(labels).sort());
    this.#held.set(key, (this.#held.get(key) ?? 0) + 1);
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        const left = (this.#held.get(key) ?? 1) - 1;
        if (left > 0) {
          this.#held.set(key, left);
          return;
        }
        this.#held.delete(key);
        this.remove(labels);
      },
    };
  }
}
