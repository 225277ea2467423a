const MICROSECONDS = 1_000_000;

/**
 * A stamp as metav1.MicroTime has it: RFC 3339 in UTC with exactly six digits of a second.
 *
 * @param milliseconds wall time since 1970; may have a fraction
 */
export function formatMicroTime(milliseconds: number): string {
  const microseconds = Math.round(milliseconds * 1000);
  const seconds = Math.floor(microseconds / MICROSECONDS);
  const fraction = String(microseconds - seconds * MICROSECONDS).padStart(6, "0");
  return `${new Date(seconds * 1000).toISOString().slice(0, -".000Z".length)}.${fraction}Z`;
}
