type Property = string | number | boolean | ((event: Event) => void) | undefined;

/** An HTML element; `onclick` and the like take listeners, `true` sets an attribute without a value. */
export function html<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Readonly<Record<string, Property>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (typeof value === 'function') element.addEventListener(key.replace(/^on/, ''), value);
    else if (value !== undefined && value !== false)
      element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...children);
  return element;
}

/** The element of the page with this id. @throws Error if it is not there: a mistake in the page */
export function byId<Type extends HTMLElement>(
  id: string,
  type: abstract new (...args: never[]) => Type,
): Type {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} with the id ${id}`);
  return element;
}
