// Chromium, for the tests of the page: of the machine, or unpacked from Debian's package as the programs of the lab are.
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from "playwright-core";
import { cookieNameOf, cookieOf } from "../../src/observe/admin-access.ts";
import { program } from "../lab/programs.ts";
import { token, type Scene } from "./scene.ts";

/** Rejects with a MissingProgram that says why it is not to be had. */
export async function launchChromium(): Promise<Browser> {
  const { path: executablePath, env } = await program("chromium");
  // It does not run as root in its own sandbox; what it loads here is ours alone.
  return chromium.launch({ executablePath, env: { ...process.env, ...env }, args: ["--no-sandbox"] });
}

export const sizes = { desktop: { width: 1360, height: 900 }, phone: { width: 390, height: 844 } } as const;

export type Look = {
  readonly size?: keyof typeof sizes;
  readonly colorScheme?: "light" | "dark";
  readonly javaScriptEnabled?: boolean;
  /** Without it the page asks for the token. */
  readonly isLoggedIn?: boolean;
};

export type Seen = {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors and warnings on the console, refusals of the policy, requests to elsewhere: none is meant. */
  readonly complaints: string[];
};

export async function open(browser: Browser, scene: Scene, to: string, look: Look = {}): Promise<Seen> {
  const { size = "desktop", colorScheme = "light", javaScriptEnabled = true, isLoggedIn = true } = look;
  const options: BrowserContextOptions = { viewport: sizes[size], colorScheme, javaScriptEnabled };
  const context = await browser.newContext(options);
  context.setDefaultTimeout(8000);
  if (isLoggedIn) {
    const name = cookieNameOf(new URL(scene.url).host);
    await context.addCookies([{ name, value: cookieOf(token, Math.floor(Date.now() / 1000) + 3600), url: scene.url }]);
  }
  const complaints: string[] = [];
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith(scene.url)) complaints.push(`asked elsewhere: ${request.url()}`);
  });
  await page.goto(scene.url + to);
  return { page, context, complaints };
}

const folder = path.resolve(import.meta.dirname, "../../node_modules/.cache/ftp-alg-pages");

/** For people to look at; kept until the next run. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
}
