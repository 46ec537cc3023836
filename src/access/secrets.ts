/**
 * Keys and tokens within texts. People paste them into fields that are stored and shown to others; there they are refused, and what is said
 * of a request, to its caller or in the log, has them left out.
 */

/** Of our keys and lease tokens the id may stand. A line of JSON may have a letter of an escape just before one, so no boundary is asked for. */
const SECRETS = /(cmk_[0-9a-z]{10}_|cml_[0-9a-z-]+_|eyJ)[\w.-]{16,}/g;
/**
 * The same, but for what begins like a token of a CI job and may as well be some other text in base64. What stands before the first dot begins
 * with the last eyJ: from each of many the way to the dot would take quadratic time.
 */
const SECRET = /(cmk_[0-9a-z]{10}|cml_[0-9a-z-]+)_[\w-]{40}|eyJ(?:(?!eyJ)[\w-])*\.[\w-]+\.[\w-]/;

/** Whether a text has a key, a lease_token or a token of a CI job in it. */
export function hasSecret(text: string): boolean {
  return SECRET.test(text);
}

/** A text without what looks like one. */
export function withoutSecrets(text: string): string {
  return text.replaceAll(SECRETS, "$1[Redacted]");
}
