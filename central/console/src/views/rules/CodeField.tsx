// A plain text field with line numbers; lines that central found fault with are marked.

import { useRef } from "preact/hooks";

interface CodeFieldProps {
  text: string;
  change: (text: string) => void;
  label: string;
  isReadOnly: boolean;
  faults: string[];
}

export function CodeField({ text, change, label, isReadOnly, faults }: CodeFieldProps) {
  const numbers = useRef<HTMLPreElement>(null);
  const lines = text.split("\n").length;
  const faulty = new Set(faults.flatMap((fault) => [...fault.matchAll(/line (\d+)/gi)].map((found) => Number(found[1]))));
  return (
    <div class="code">
      <pre ref={numbers} aria-hidden="true">
        {Array.from({ length: lines }, (_, index) => (
          <span key={index} class={faulty.has(index + 1) ? "faulty" : ""}>
            {`${index + 1}\n`}
          </span>
        ))}
      </pre>
      <textarea
        class="editor"
        spellcheck={false}
        autocomplete="off"
        wrap="off"
        aria-label={label}
        readOnly={isReadOnly}
        value={text}
        onInput={(event) => change(event.currentTarget.value)}
        onScroll={(event) => {
          if (numbers.current) numbers.current.scrollTop = event.currentTarget.scrollTop;
        }}
      />
    </div>
  );
}
