import { type Browser, type Page, launch } from 'puppeteer-core';
import { findChromium } from './chromium.ts';

/** WebGPU on the SwiftShader that comes with Chromium, so that every machine computes the same. */
const ARGUMENTS = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist',
];

/**
 * Starts a headless Chromium with WebGPU.
 * @param more further arguments
 * @throws Error that says what is missing if there is no browser
 */
export async function openBrowser(...more: string[]): Promise<Browser> {
  const { executablePath, env } = await findChromium();
  return launch({
    executablePath,
    env,
    headless: 'shell',
    args: [...ARGUMENTS, ...more],
    protocolTimeout: 120_000,
  });
}

/** A page, and everything about it that a user would see in red in the developer tools. */
export interface WatchedPage {
  readonly page: Page;
  /** Console errors and warnings, uncaught errors, failed requests, requests that leave loopback. */
  readonly problems: readonly string[];
  /** Addresses asked for. */
  readonly requests: readonly string[];
}

/** A new page of the browser. */
export async function watchedPage(browser: Browser): Promise<WatchedPage> {
  const page = await browser.newPage();
  const problems: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warn', 'assert'].includes(message.type()))
      problems.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => problems.push(`uncaught: ${String(error)}`));
  page.on('requestfailed', (request) => {
    problems.push(`failed: ${request.url()} ${request.failure()?.errorText}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) problems.push(`${response.status()}: ${response.url()}`);
  });
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    requests.push(request.url());
    if (protocol !== 'blob:' && protocol !== 'data:' && hostname !== '127.0.0.1')
      problems.push(`leaves the machine: ${request.url()}`);
  });
  return { page, problems, requests };
}
