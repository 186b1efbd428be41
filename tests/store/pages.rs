//! What every store does with pages of decisions.

use std::sync::Arc;

use rolegate::store::{
    DecisionLog, MAX_PAGE_BYTES, Page, PageHead, PageId, PageSize, PageWrite, PageWritten, Share,
    Stamp,
};

use crate::conformance::{CALLERS, Store, all_at_once, is_too_large};
use crate::samples::NOW;

/// How long a page is kept.
const KEPT: u32 = 86_400;

/// A page that is begun so many seconds after [`NOW`].
pub(crate) fn page(after: i64, stamp: u8, body: &[u8]) -> Page {
    Page {
        id: PageId::new(NOW.plus(after), [1; 8]),
        head: PageHead {
            stamp: [stamp; 16],
            newest: NOW.plus(after + 1),
            oldest: NOW.plus(after),
            traces: 2,
            marks: vec![1, 7, u32::MAX],
        },
        body: body.to_vec(),
    }
}

pub(crate) async fn write(
    store: &impl DecisionLog,
    share: Share,
    page: &Page,
    over: Option<Stamp>,
) -> PageWritten {
    let write = PageWrite {
        share,
        page,
        over,
        keep_seconds: KEPT,
    };
    store.write_page(write).await.unwrap()
}

async fn ids(store: &impl DecisionLog, share: Share) -> Vec<PageId> {
    let heads = store.page_heads(share, None, 99).await.unwrap();
    assert_eq!(heads.next, None);
    heads.heads.iter().map(|(id, _)| *id).collect()
}

pub(crate) async fn a_page_is_found_as_it_was_written_and_on_its_share(store: Arc<impl Store>) {
    let (one, other) = (page(0, 1, b"one"), page(0, 2, b""));
    write(&*store, Share::People, &one, None).await;
    write(&*store, Share::Strangers, &other, None).await;
    for (share, expected) in [
        (Share::People, Some(one)),
        (Share::Strangers, Some(other)),
        (Share::Issued, None),
    ] {
        let id = page(0, 1, b"").id;
        assert_eq!(store.page(share, id).await.unwrap(), expected, "{share:?}");
        let heads = store.page_heads(share, None, 9).await.unwrap().heads;
        let expected = expected.map(|page| (page.id, page.head));
        assert_eq!(heads, Vec::from_iter(expected), "{share:?}");
    }
}

pub(crate) async fn a_page_takes_the_place_of_the_one_it_names_and_of_no_other(
    store: Arc<impl Store>,
) {
    let first = page(0, 1, b"first");
    let cases = [
        (None, Some([9; 16]), PageWritten::Changed),
        (None, None, PageWritten::Kept),
        (Some(1), None, PageWritten::Changed),
        (Some(1), Some([2; 16]), PageWritten::Changed),
        (Some(1), Some([1; 16]), PageWritten::Kept),
    ];
    for (there, over, outcome) in cases {
        let stamp = if there.is_some() { 3 } else { 1 };
        let next = page(0, stamp, &[stamp]);
        let written = write(&*store, Share::People, &next, over).await;
        assert_eq!(written, outcome, "{there:?} {over:?}");
    }
    let found = store.page(Share::People, first.id).await.unwrap();
    assert_eq!(found, Some(page(0, 3, &[3])));
    assert_eq!(ids(&*store, Share::People).await, [first.id]);
}

pub(crate) async fn of_all_who_replace_a_page_one_does(store: Arc<impl Store>) {
    let first = page(0, 0xff, b"first");
    write(&*store, Share::People, &first, None).await;
    let written = all_at_once(&store, |store, caller| async move {
        let caller = u8::try_from(caller).unwrap();
        let mine = page(0, caller, &[caller]);
        let over = Some([0xff; 16]);
        (caller, write(&*store, Share::People, &mine, over).await)
    })
    .await;
    assert_eq!(written.len(), CALLERS);
    let kept = |(_, outcome): &&(u8, PageWritten)| *outcome == PageWritten::Kept;
    let winners: Vec<_> = written
        .iter()
        .filter(kept)
        .map(|(caller, _)| *caller)
        .collect();
    let [winner] = winners[..] else {
        panic!("{winners:?}")
    };
    let found = store.page(Share::People, first.id).await.unwrap();
    assert_eq!(found, Some(page(0, winner, &[winner])));
}

pub(crate) async fn heads_are_told_newest_first_and_part_by_part(store: Arc<impl Store>) {
    for after in [20, 0, 40, 10, 30] {
        write(&*store, Share::Issued, &page(after, 1, b"x"), None).await;
    }
    let all: Vec<_> = [40, 30, 20, 10, 0]
        .map(|after| page(after, 1, b"x").id)
        .into();
    assert_eq!(ids(&*store, Share::Issued).await, all);
    let (mut told, mut before) = (Vec::new(), None);
    for parts in 1.. {
        let part = store.page_heads(Share::Issued, before, 2).await.unwrap();
        told.extend(part.heads.iter().map(|(id, _)| *id));
        before = part.next;
        if before.is_none() {
            assert_eq!(parts, 3);
            break;
        }
    }
    assert_eq!(told, all);
    let middle = PageId::before(NOW.plus(20));
    let older = store.page_heads(Share::Issued, Some(middle), 9).await;
    let older: Vec<_> = older.unwrap().heads.into_iter().map(|(id, _)| id).collect();
    assert_eq!(older, all[3..]);
}

pub(crate) async fn sizes_are_told_oldest_first_and_end_with_their_pages(store: Arc<impl Store>) {
    let (small, large) = (page(0, 1, b"x"), page(5, 1, &[7; 10_000]));
    write(&*store, Share::People, &large, None).await;
    write(&*store, Share::People, &small, None).await;
    let sizes = store.page_sizes(Share::People).await.unwrap();
    let [first, second] = sizes[..] else {
        panic!("{sizes:?}")
    };
    assert_eq!((first.id, first.newest), (small.id, NOW.plus(1)));
    assert_eq!((second.id, second.newest), (large.id, NOW.plus(6)));
    let around = |size: PageSize, body: u64| (body..body + 400).contains(&size.bytes);
    assert!(around(first, 1) && around(second, 10_000), "{sizes:?}");
    let gone = page(9, 1, b"").id;
    let removed = store.remove_pages(Share::People, &[large.id, gone]).await;
    removed.unwrap();
    assert_eq!(store.page_sizes(Share::People).await.unwrap(), [first]);
    assert_eq!(ids(&*store, Share::People).await, [small.id]);
    assert_eq!(store.page(Share::People, large.id).await.unwrap(), None);
    // What was removed is not brought back by whoever had it.
    let again = page(5, 2, b"again");
    let written = write(&*store, Share::People, &again, Some([1; 16])).await;
    assert_eq!(written, PageWritten::Changed);
    store.remove_pages(Share::People, &[]).await.unwrap();
}

pub(crate) async fn a_page_that_is_too_large_is_not_kept(store: Arc<impl Store>) {
    let most = page(0, 1, &vec![1; MAX_PAGE_BYTES]);
    let written = write(&*store, Share::People, &most, None).await;
    assert_eq!(written, PageWritten::Kept);
    let found = store.page(Share::People, most.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&most));
    let large = page(1, 1, &vec![1; MAX_PAGE_BYTES + 1]);
    let write = PageWrite {
        share: Share::People,
        page: &large,
        over: None,
        keep_seconds: KEPT,
    };
    assert!(is_too_large(store.write_page(write).await, MAX_PAGE_BYTES));
    assert_eq!(ids(&*store, Share::People).await, [most.id]);
}
