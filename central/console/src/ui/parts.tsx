// The small parts that every view is made of.

import type { ComponentChildren } from "preact";
import type { Severity } from "../api/types";
import { now } from "../state/clock";
import { millis, minute, span } from "../lib/time";

/** Severity by letter, shape and colour: never by colour alone. */
export function Mark({ severity }: { severity: Severity | string }) {
  return (
    <span class={`mark ${severity}`} title={severity}>
      <span aria-hidden="true">{severity.slice(0, 1).toUpperCase()}</span>
      <span class="hidden">{severity}</span>
    </span>
  );
}

export function Age({ at }: { at: string | null | undefined }) {
  if (!at) return <span class="quiet">never</span>;
  return (
    <time dateTime={at} title={`${minute(at)} UTC`}>
      {span(now.value - millis(at))}
    </time>
  );
}

export function When({ at }: { at: string | null | undefined }) {
  if (!at) return <span class="quiet">never</span>;
  return <time dateTime={at}>{minute(at)}</time>;
}

export const Key = ({ children }: { children: ComponentChildren }) => <kbd aria-hidden="true">{children}</kbd>;

export function Loading({ what }: { what: string }) {
  return (
    <p class="state loading" role="status">
      <span class="spinner" aria-hidden="true" />
      {what} …
    </p>
  );
}

export function Failure({ what, why, again }: { what: string; why: string; again?: () => void }) {
  return (
    <div class="state failure" role="alert">
      <p>
        <strong>{what}</strong> {why}.
      </p>
      {again && <button onClick={again}>Try again</button>}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="state empty">
      <p class="strong">{title}</p>
      {children && <p>{children}</p>}
    </div>
  );
}

interface SheetProps {
  title: string;
  beside?: ComponentChildren;
  children: ComponentChildren;
  class?: string;
  id?: string;
}

export function Sheet({ title, beside, children, class: also = "", id }: SheetProps) {
  return (
    <section class={`sheet ${also}`} aria-label={title} id={id}>
      <header class="sheet-head">
        <h2>{title}</h2>
        {beside}
      </header>
      {children}
    </section>
  );
}

interface ChoiceProps<T extends string> {
  name: string;
  value: T;
  choices: readonly { value: T; label: ComponentChildren; title?: string }[];
  choose: (value: T) => void;
}

/** A few choices side by side, one of them taken. */
export function Choice<T extends string>({ name, value, choices, choose }: ChoiceProps<T>) {
  return (
    <div class="choice" role="group" aria-label={name}>
      {choices.map((each) => (
        <button key={each.value} type="button" aria-pressed={each.value === value} title={each.title} onClick={() => choose(each.value)}>
          {each.label}
        </button>
      ))}
    </div>
  );
}

/** A name and its figure. */
export function Fact({ name, children, title }: { name: string; children: ComponentChildren; title?: string }) {
  return (
    <div class="fact" title={title}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
