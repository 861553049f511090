// Asking central. Every failure is an `ApiError` with words for a person: what could not be done and why.

export class ApiError extends Error {
  constructor(
    /** HTTP status, or 0 where central was not reached. */
    readonly status: number,
    detail: string,
    /** The revision that is in force, with 409. */
    readonly revision: number | null = null,
    /** What is wrong with a text, with 422. */
    readonly faults: string[] = [],
    /** Seconds to wait, with 429. */
    readonly retryAfterS: number | null = null,
  ) {
    super(detail);
  }
}

/** Longest wait for an answer: central answers within a second, previews take longer. */
const ANSWER_MS_MAX = 60_000;

let csrf: string | null = null;
let onSignedOut: () => void = () => {};

export function useCsrf(token: string | null): void {
  csrf = token;
}

/** Called when central says that there is no session any more. */
export function whenSignedOut(then: () => void): void {
  onSignedOut = then;
}

export interface Asking {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  signal?: AbortSignal;
}

export async function ask<T>(path: string, asking: Asking = {}): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  const method = asking.method ?? "GET";
  if (csrf && method !== "GET") headers["x-csrf-token"] = csrf;
  if (asking.body !== undefined) headers["content-type"] = "application/json";
  const late = AbortSignal.timeout(ANSWER_MS_MAX);
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers,
      body: asking.body === undefined ? null : JSON.stringify(asking.body),
      signal: asking.signal ? AbortSignal.any([asking.signal, late]) : late,
      credentials: "same-origin",
    });
  } catch (cause) {
    if (asking.signal?.aborted) throw cause;
    throw new ApiError(0, late.aborted ? "central did not answer within a minute" : "central is not reached; trying again");
  }
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
  throw await refusal(response, path);
}

async function refusal(response: Response, path: string): Promise<ApiError> {
  let problem: { detail?: string; title?: string; revision?: number; faults?: string[] } = {};
  try {
    problem = await response.json();
  } catch {
    // Not central's own answer: a proxy's page, say. The status says enough.
  }
  if (response.status === 401 && !path.startsWith("/session") && !path.startsWith("/setup")) onSignedOut();
  const retry = Number(response.headers.get("retry-after"));
  return new ApiError(
    response.status,
    problem.detail ?? problem.title ?? `central answered ${response.status}`,
    problem.revision ?? null,
    problem.faults ?? [],
    Number.isFinite(retry) && retry > 0 ? retry : null,
  );
}

/** `?a=1&b=2` of what is set, or nothing. */
export function query(parameters: Record<string, string | number | boolean | null | undefined>): string {
  const set = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== null && value !== undefined && value !== "") set.set(name, String(value));
  const text = set.toString();
  return text ? `?${text}` : "";
}

export const segment = encodeURIComponent;
/** A look's id, `station/epoch/seq`, as part of an address. */
export const lookPath = (id: string): string => id.split("/").map(encodeURIComponent).join("/");
/** What to tell a person of anything that was thrown. */
export const said = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
