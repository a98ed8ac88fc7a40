/** Failures that the next attempt meets too. */
const LASTING =
  /^(ENOTFOUND|EPROTO|HPE_.*|ERR_.*|CERT_.*|UNABLE_TO_.*|SELF_SIGNED_.*|DEPTH_ZERO_.*|HOSTNAME_MISMATCH)$/;
/** What Chromium, Safari and Firefox say of a connection that fails. */
const IN_BROWSERS = /^(Failed to fetch|Load failed|NetworkError|network error)/;
const CERTIFICATE = /CERT|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH/;

/**
 * Why a request failed, in words that hold nothing of what was sent: neither header nor address.
 * @returns `lasting` if another attempt will not do better
 */
export function networkReason(error: unknown): { reason: string; lasting: boolean } {
  for (const cause of causes(error)) {
    const status = /^Proxy (?:response|Authentication Required) \((\d{3})\)/.exec(cause.message)?.[1];
    if (status !== undefined)
      return {
        reason: status === '407' ? 'it wants a user name and a password, 407' : `it refuses with ${status}`,
        lasting: Number(status) < 500,
      };
    if (cause.name === 'TimeoutError' || cause.name === 'AbortError')
      return { reason: 'no answer in time', lasting: false };
    if (typeof cause.code !== 'string' || !/^[A-Z][A-Z0-9_]{1,60}$/.test(cause.code)) continue;
    const lasting = LASTING.test(cause.code);
    return {
      reason: CERTIFICATE.test(cause.code) ? `its certificate is not trusted, ${cause.code}` : cause.code,
      lasting,
    };
  }
  // Without a cause the request itself was at fault, and never sent; browsers never say one.
  const isAtFault =
    !(error instanceof Error) || (error.cause === undefined && !IN_BROWSERS.test(error.message));
  return { reason: 'the connection failed', lasting: isAtFault };
}

function* causes(error: unknown): Generator<Error & { code?: unknown }> {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; depth++) {
    yield cause;
    cause = cause instanceof AggregateError ? (cause.errors[0] ?? cause.cause) : cause.cause;
  }
}
