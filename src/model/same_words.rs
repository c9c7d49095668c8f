//! A closed list of words of the model and the same list in a document: two types, since the model may change and a version of a
//! document may not.

/// Words that are the same in a document and in the model, converted both ways. A word that only one of them has does not compile.
macro_rules! same_words {
    ($module:ident :: $name:ident { $($word:ident),+ $(,)? }) => {
        same_words!($module::$name as $name { $($word),+ });
    };
    ($module:ident :: $model:ident as $name:ident { $($word:ident),+ $(,)? }) => {
        impl From<$module::$model> for $name {
            fn from(of: $module::$model) -> Self {
                match of {
                    $($module::$model::$word => Self::$word),+
                }
            }
        }

        impl From<$name> for $module::$model {
            fn from(of: $name) -> Self {
                match of {
                    $($name::$word => Self::$word),+
                }
            }
        }
    };
}
pub(crate) use same_words;
