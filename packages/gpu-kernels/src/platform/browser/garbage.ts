/** Browsers keep bind groups in a process of their own, and know what they take. */
export function collectGarbage(): void {}
