//! What is known of one stack, by type: a feed puts its facts in, rules and views take out the types they know.
//!
//! A new domain adds a type, never a field or a variant here.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::time::Timestamp;

/// Facts of one domain and the time they were read.
#[derive(Clone)]
struct Entry {
    taken_at: Timestamp,
    data: Arc<dyn Any + Send + Sync>,
}

type ByType = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

/// Something worked out from facts, which rules and views share instead of working it out again.
pub trait Derived: Any + Send + Sync {
    /// Works it out. Absent facts give an empty value.
    fn derive(facts: &Facts) -> Self;
}

/// The facts of one stack, at most one value of each type.
#[derive(Default)]
pub struct Facts {
    read: HashMap<TypeId, Entry>,
    derived: Mutex<ByType>,
}

impl Clone for Facts {
    fn clone(&self) -> Self {
        Self { read: self.read.clone(), derived: Mutex::new(self.worked_out().clone()) }
    }
}

impl Facts {
    /// Puts `data`, read at `taken_at`, in the place of older facts of the same type.
    pub fn put<T: Any + Send + Sync>(&mut self, taken_at: Timestamp, data: Arc<T>) {
        self.put_any(taken_at, data);
    }

    /// As [`Facts::put`], for data whose type only its reader knows.
    pub fn put_any(&mut self, taken_at: Timestamp, data: Arc<dyn Any + Send + Sync>) {
        self.worked_out().clear();
        self.read.insert((*data).type_id(), Entry { taken_at, data });
    }

    /// The facts of type `T`, if they were ever read.
    #[must_use]
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.read.get(&TypeId::of::<T>())?.data.downcast_ref()
    }

    /// When the facts of type `T` were read.
    #[must_use]
    pub fn taken_at<T: Any + Send + Sync>(&self) -> Option<Timestamp> {
        self.read.get(&TypeId::of::<T>()).map(|entry| entry.taken_at)
    }

    /// When the older of two kinds of facts was read: what rests on both is not known any longer than that. Of the second
    /// kind there may be none yet.
    #[must_use]
    pub fn older<T: Any + Send + Sync, U: Any + Send + Sync>(&self) -> Option<Timestamp> {
        let taken_at = self.taken_at::<T>()?;
        Some(self.taken_at::<U>().map_or(taken_at, |other| other.min(taken_at)))
    }

    /// What follows from these facts as a `T`, worked out when first asked for and kept until facts are put.
    #[must_use]
    pub fn derived<T: Derived>(&self) -> Arc<T> {
        let known = self.worked_out().get(&TypeId::of::<T>()).cloned();
        if let Some(found) = known.and_then(|any| any.downcast().ok()) {
            return found;
        }
        // The lock is free meanwhile: one derived value may rest on another.
        let made = Arc::new(T::derive(self));
        self.worked_out().insert(TypeId::of::<T>(), made.clone());
        made
    }

    fn worked_out(&self) -> MutexGuard<'_, ByType> {
        self.derived.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_found_by_their_type_and_the_newest_wins() {
        let mut facts = Facts::default();
        assert!(facts.get::<u8>().is_none());
        facts.put(Timestamp::from_secs(1), Arc::new(1_u8));
        facts.put_any(Timestamp::from_secs(2), Arc::new(2_u8));
        assert_eq!(facts.get::<u8>(), Some(&2));
        assert_eq!(facts.taken_at::<u8>(), Some(Timestamp::from_secs(2)));
    }

    #[test]
    fn what_rests_on_two_kinds_of_facts_is_as_old_as_the_older() {
        let at = Timestamp::from_secs;
        let mut facts = Facts::default();
        facts.put(at(2), Arc::new(1_u8));
        assert_eq!((facts.older::<u8, u16>(), facts.older::<u16, u8>()), (Some(at(2)), None));
        facts.put(at(1), Arc::new(1_u16));
        assert_eq!((facts.older::<u8, u16>(), facts.older::<u16, u8>()), (Some(at(1)), Some(at(1))));
    }

    struct Doubled(u16);

    impl Derived for Doubled {
        fn derive(facts: &Facts) -> Self {
            Self(facts.get::<u8>().map_or(0, |n| u16::from(*n) * 2))
        }
    }

    #[test]
    fn derived_values_are_shared_and_follow_the_facts() {
        let mut facts = Facts::default();
        facts.put(Timestamp::from_secs(1), Arc::new(4_u8));
        let first = facts.derived::<Doubled>();
        assert_eq!(first.0, 8);
        assert!(Arc::ptr_eq(&first, &facts.derived()));
        assert!(Arc::ptr_eq(&first, &facts.clone().derived()));
        facts.put(Timestamp::from_secs(2), Arc::new(5_u8));
        assert_eq!(facts.derived::<Doubled>().0, 10);
    }
}
