import { render } from "preact";
import { App } from "./App";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/shell.css";

const root = document.getElementById("app");
if (root) {
  root.replaceChildren();
  render(<App />, root);
}
