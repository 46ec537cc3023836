/** How many entries a page has: the most that the server gives. */
const PAGE_SIZE = 1000;

/** All pages of a list, one after the other; `read` asks for one of them. */
export async function allPages<Page extends { readonly nextPageToken: string }>(
  read: (request: { pageSize: number; pageToken: string }) => Promise<Page>,
): Promise<Page[]> {
  const pages: Page[] = [];
  let pageToken = "";
  do {
    const page = await read({ pageSize: PAGE_SIZE, pageToken });
    pages.push(page);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return pages;
}
