const KEY = 'luminous-healing.theme';
const THEMES = ['system', 'light', 'dark'] as const;

/** Lets the reader choose between what the system says, light and dark. */
export function themes(button: HTMLElement, changed: () => void): void {
  let theme: (typeof THEMES)[number] = THEMES.find((one) => one === localStorage.getItem(KEY)) ?? 'system';
  const apply = (): void => {
    document.documentElement.dataset['theme'] = theme;
    button.textContent = `Theme: ${theme}`;
    changed();
  };
  button.onclick = () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
    localStorage.setItem(KEY, theme);
    apply();
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
  apply();
}
