import type { Plugin } from 'esbuild';

/** Makes the page; see the types of `dashboard:page`. */
export function dashboardPage(): Promise<{ index: PageFile; files: PageFile[] }>;
interface PageFile {
  name: string;
  type: string;
  body: string;
}
export const pageForEsbuild: Plugin;
export const pageForVite: {
  name: string;
  enforce: 'pre';
  resolveId: (id: string) => string | undefined;
  load: (id: string) => Promise<string> | undefined;
};
