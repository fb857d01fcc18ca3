//! The domain's [`Associates`] on the database. They stand in every answer and change seldom, so they
//! are remembered for a moment; one that is not remembered is looked up, for another process may have
//! added it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _, QueryTrait as _,
};
use webhook_domain::{Associate, AssociateId, Associates, Context, StoreError};

use crate::SqlStore;
use crate::entity::associate;
use crate::error::store_error;
use crate::rows::{associate_of, read};

/// How long an associate may be shown as it was.
const REMEMBERED_FOR: Duration = Duration::from_secs(5);
/// The most associates that are remembered.
const REMEMBERED: usize = 10_000;

type Key = (Context, AssociateId);

/// The associates that were read lately.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Mutex<Lately>);

#[derive(Debug, Default)]
struct Lately {
    since: Option<Instant>,
    associates: HashMap<Key, Arc<Associate>>,
}

impl Remembered {
    /// Those of the asked that are remembered, and the others.
    fn split(
        &self,
        context: &Context,
        ids: &[AssociateId],
        now: Instant,
    ) -> (Vec<Arc<Associate>>, Vec<AssociateId>) {
        let mut lately = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lately
            .since
            .is_none_or(|since| now.duration_since(since) >= REMEMBERED_FOR)
        {
            *lately = Lately {
                since: Some(now),
                associates: HashMap::new(),
            };
        }
        let mut known = Vec::with_capacity(ids.len());
        let mut unknown = Vec::new();
        for id in ids {
            match lately.associates.get(&(context.clone(), *id)) {
                Some(associate) => known.push(associate.clone()),
                None => unknown.push(*id),
            }
        }
        (known, unknown)
    }

    /// Remembers what was read. It counts as old as the oldest that is remembered.
    fn add(&self, context: &Context, read: &[Arc<Associate>]) {
        let mut lately = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lately.associates.len() + read.len() > REMEMBERED {
            lately.associates.clear();
        }
        let read = read.iter().take(REMEMBERED);
        lately
            .associates
            .extend(read.map(|found| ((context.clone(), found.id), found.clone())));
    }
}

#[async_trait]
impl Associates for SqlStore {
    async fn associates(
        &self,
        context: &Context,
        ids: &[AssociateId],
    ) -> Result<Vec<Arc<Associate>>, StoreError> {
        let (mut known, mut unknown) = self.0.associates.split(context, ids, Instant::now());
        unknown.sort_unstable();
        unknown.dedup();
        for some in unknown.chunks(MAX_IDS) {
            let found = self.read_associates(context, some).await?;
            self.0.associates.add(context, &found);
            known.extend(found);
        }
        Ok(known)
    }
}

/// The most ids of one statement.
const MAX_IDS: usize = 500;

impl SqlStore {
    /// The associates as they are stored now.
    pub(crate) async fn read_associates(
        &self,
        context: &Context,
        ids: &[AssociateId],
    ) -> Result<Vec<Arc<Associate>>, StoreError> {
        let select = associate::Entity::find()
            .filter(associate::Column::Context.eq(context.as_str()))
            .filter(associate::Column::AssociateId.is_in(ids.iter().map(|id| id.0)))
            .into_query();
        let rows = self
            .0
            .readers
            .query_all(&select)
            .await
            .map_err(|e| store_error(&e))?;
        rows.iter()
            .map(|row| {
                let model: associate::Model = read(row, "associate", context, "associate_id")?;
                associate_of(&model).map(Arc::new)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use webhook_domain::testing::MemoryStore;
    use webhook_domain::{Associate, AssociateId, Context};

    use super::{REMEMBERED, REMEMBERED_FOR, Remembered};

    fn associate() -> Arc<Associate> {
        MemoryStore::default().add_associate("tje0")
    }

    #[test]
    fn an_associate_is_remembered_for_a_moment_in_its_context() {
        let (remembered, context, start) =
            (Remembered::default(), Context::onsite(), Instant::now());
        let who = associate();
        let asked = [who.id, AssociateId(2)];
        assert_eq!(
            remembered.split(&context, &asked, start),
            (vec![], asked.to_vec())
        );
        remembered.add(&context, std::slice::from_ref(&who));
        let later = start + REMEMBERED_FOR / 2;
        let (known, unknown) = remembered.split(&context, &asked, later);
        assert_eq!((known, unknown), (vec![who.clone()], vec![AssociateId(2)]));
        let elsewhere = Context::parse("Cust1").unwrap();
        assert_eq!(
            remembered.split(&elsewhere, &asked, later),
            (vec![], asked.to_vec())
        );
        let late = start + REMEMBERED_FOR;
        assert_eq!(
            remembered.split(&context, &asked, late),
            (vec![], asked.to_vec())
        );
    }

    #[test]
    fn only_so_many_are_remembered() {
        let (remembered, context) = (Remembered::default(), Context::onsite());
        let who = associate();
        for batch in 0..4 {
            let many: Vec<_> = (0..REMEMBERED / 2 + 1)
                .map(|n| {
                    let id = i32::try_from(batch * REMEMBERED + n).unwrap();
                    Arc::new(Associate {
                        id: AssociateId(id),
                        ..(*who).clone()
                    })
                })
                .collect();
            remembered.add(&context, &many);
            assert!(
                remembered.0.lock().unwrap().associates.len() <= REMEMBERED,
                "{batch}"
            );
            let (known, _) = remembered.split(&context, &[many[0].id], Instant::now());
            assert!(known.len() <= 1);
        }
    }
}
