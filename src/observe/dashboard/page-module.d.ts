/** The page, as the build makes it out of `page/`. See `page/bundle.mjs`. */
declare module 'dashboard:page' {
  export interface PageFile {
    /** Name in the address, with a hash of the content where it never changes. */
    readonly name: string;
    /** Value of `Content-Type`. */
    readonly type: string;
    readonly body: string;
  }
  export const page: { readonly index: PageFile; readonly files: readonly PageFile[] };
}
