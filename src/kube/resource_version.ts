/** A resourceVersion as kube-apiserver gives it for objects: a decimal number (KEP-5504). */
const DECIMAL = /^(0|[1-9]\d{0,39})$/;

/** Whether the text is a resourceVersion that can be compared. */
export function isResourceVersion(text: string): boolean {
  return DECIMAL.test(text);
}

/** Whether resourceVersion `a` is smaller than `b`; both are decimal numbers of any length (KEP-5504). */
export function isOlder(a: string, b: string): boolean {
  if (!isResourceVersion(a) || !isResourceVersion(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}
