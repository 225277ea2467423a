import { parse } from "yaml";
import { filesBelow, textOf } from "./checkout_files.ts";

/** One alert of a file below config/prometheus/rules. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** One such file: an object that kubectl applies. */
export interface RuleFile {
  readonly path: string;
  readonly object: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
    /** What Prometheus itself reads. */
    readonly spec: {
      readonly groups: readonly { readonly name: string; readonly rules: readonly AlertRule[] }[];
    };
  };
}

/** Where the rules lie. */
export const RULES_FOLDER = "config/prometheus/rules";

/** All files with rules. */
export function ruleFiles(): readonly RuleFile[] {
  return filesBelow(RULES_FOLDER).filter((path) => path.endsWith(".yml")).map((path) => ({
    path,
    object: parse(textOf(path) ?? "") as RuleFile["object"],
  }));
}

/** The alerts of a file. */
export function alertsOf({ object }: RuleFile): readonly AlertRule[] {
  return object.spec.groups.flatMap(({ rules }) => rules);
}
