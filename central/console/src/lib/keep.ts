// What this browser remembers. Storage may be forbidden or full: then nothing is remembered, and nothing breaks.

const PREFIX = "quaywatch.";

export function recall<T>(name: string, otherwise: T): T {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? otherwise : (JSON.parse(text) as T);
  } catch {
    return otherwise;
  }
}

export function remember(name: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Private window or full: the setting lasts as long as the page.
  }
}
