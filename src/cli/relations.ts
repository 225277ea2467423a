import { SETTINGS, type SettingValues } from "./settings.ts";

/** A renewal may come this much later than the retry period says, as in client-go. */
const JITTER = 1.2;

/** Settings that do not fit together. */
export interface Misfit {
  readonly names: readonly (keyof SettingValues)[];
  readonly problem: string;
}

/** What does not fit together among values that are right each by itself. */
export function misfits(values: SettingValues): readonly Misfit[] {
  return [...leaseMisfits(values), ...portMisfits(values), ...tlsMisfits(values)];
}

function* leaseMisfits(values: SettingValues): Generator<Misfit> {
  const { leaseDurationSeconds: lease, renewDeadlineSeconds: renew, retryPeriodSeconds: retry } = values;
  if (values.leaderElectionMode === "disabled") {
    if (values.replicaCount > 1) {
      const names = ["leaderElectionMode", "replicaCount"] as const;
      yield misfit(names, "disabled is for a single replica", `REPLICA_COUNT ${values.replicaCount}`);
    }
    return;
  }
  if (renew >= lease) {
    const names = ["renewDeadlineSeconds", "leaseDurationSeconds"] as const;
    yield misfit(names, "it must be less than LEASE_DURATION_SECONDS", `${renew} and ${lease}`);
  }
  if (retry * JITTER >= renew) {
    const names = ["retryPeriodSeconds", "renewDeadlineSeconds"] as const;
    yield misfit(
      names,
      `${JITTER} times it must be less than RENEW_DEADLINE_SECONDS`,
      `${retry} and ${renew}`,
    );
  }
}

function* portMisfits({ webhookPort, metricsPort }: SettingValues): Generator<Misfit> {
  if (webhookPort === metricsPort && webhookPort !== 0) {
    const names = ["metricsPort", "webhookPort"] as const;
    yield misfit(names, "it must be another port than WEBHOOK_PORT", `${metricsPort} for both`);
  }
}

function* tlsMisfits(values: SettingValues): Generator<Misfit> {
  const { tlsCertificateFile, tlsKeyFile, tlsClientCaFile } = values;
  if (tlsCertificateFile !== undefined && tlsKeyFile === undefined) {
    yield misfit(["tlsCertificateFile", "tlsKeyFile"], "it needs TLS_KEY_FILE", "none");
  }
  if (tlsKeyFile !== undefined && tlsCertificateFile === undefined) {
    yield misfit(["tlsKeyFile", "tlsCertificateFile"], "it needs TLS_CERT_FILE", "none");
  }
  if (tlsClientCaFile !== undefined && tlsCertificateFile === undefined) {
    yield misfit(["tlsClientCaFile", "tlsCertificateFile"], "it needs TLS_CERT_FILE", "none");
  }
}

function misfit(
  names: readonly [keyof SettingValues, ...(keyof SettingValues)[]],
  must: string,
  given: string,
): Misfit {
  const { env, flag } = SETTINGS[names[0]];
  return { names, problem: `Cannot take ${env ?? flag}: ${must}, given ${given}` };
}
