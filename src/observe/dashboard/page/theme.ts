const KEY = 'luminous-healing.theme';
const THEMES = ['system', 'light', 'dark'] as const;

/** Lets the reader choose between the theme of the system, light and dark. */
export function themes(button: HTMLElement, changed: () => void): void {
  let theme: (typeof THEMES)[number] = THEMES.find((one) => one === stored()) ?? 'system';
  const apply = (): void => {
    document.documentElement.dataset['theme'] = theme;
    button.textContent = `Theme: ${theme}`;
    changed();
  };
  button.onclick = () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Storage is disabled: the choice lasts until the page is reloaded.
    }
    apply();
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
  apply();
}

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
