//! The product tree: what the ids of a document name.
//!
//! A product is named by its purl, else by its CPE, else by its id. A product that is a component of another and has no
//! purl of its own is named `whole -> part`, as in OpenVEX.

use std::collections::HashMap;

use serde::Deserialize;

use crate::format::error::FormatError;
use crate::format::text::Unfolding;
use crate::model::package::Purl;
use crate::model::vex::COMPONENT_SEPARATOR;

pub(super) const FORMAT: &str = "CSAF";

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ProductTree {
    branches: Vec<Branch>,
    full_product_names: Vec<Product>,
    relationships: Vec<Relationship>,
    product_groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default)]
    branches: Vec<Branch>,
    product: Option<Product>,
}

#[derive(Deserialize)]
struct Product {
    product_id: String,
    #[serde(default)]
    product_identification_helper: Helper,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Helper {
    purl: Option<String>,
    cpe: Option<String>,
}

impl Product {
    /// A name that means the same in other documents.
    fn identity(&self) -> Option<String> {
        let helper = &self.product_identification_helper;
        let canonical = |purl: &String| purl.parse::<Purl>().map_or_else(|_| purl.clone(), |purl| purl.to_string());
        helper.purl.as_ref().map(canonical).or_else(|| helper.cpe.clone())
    }
}

#[derive(Deserialize)]
struct Relationship {
    product_reference: String,
    relates_to_product_reference: String,
    full_product_name: Product,
}

#[derive(Deserialize)]
struct Group {
    group_id: String,
    product_ids: Vec<String>,
}

/// The names of products, and the members of groups, by id.
pub(super) struct Products {
    names: HashMap<String, String>,
    groups: HashMap<String, Vec<String>>,
}

impl Products {
    /// Reads a tree. A relationship may refer to those before it.
    pub(super) fn of(tree: ProductTree, unfolding: &mut Unfolding) -> Result<Self, FormatError> {
        let mut products = Self { names: HashMap::new(), groups: HashMap::new() };
        for product in tree.full_product_names {
            products.add(product)?;
        }
        // Not by recursion: branches nest as deep as the document.
        let mut branches = tree.branches;
        while let Some(branch) = branches.pop() {
            branches.extend(branch.branches);
            if let Some(product) = branch.product {
                products.add(product)?;
            }
        }
        for relationship in tree.relationships {
            let Relationship { product_reference: part, relates_to_product_reference: whole, .. } = &relationship;
            let (whole, part) = (products.name(whole), products.name(part));
            unfolding.take([whole, part])?;
            let name = format!("{whole}{COMPONENT_SEPARATOR}{part}");
            let product = relationship.full_product_name;
            let name = product.identity().unwrap_or(name);
            products.claim(product.product_id, name)?;
        }
        for group in tree.product_groups {
            products.groups.entry(group.group_id).or_default().extend(group.product_ids);
        }
        Ok(products)
    }

    fn add(&mut self, product: Product) -> Result<(), FormatError> {
        let name = product.identity().unwrap_or_else(|| product.product_id.clone());
        self.claim(product.product_id, name)
    }

    fn claim(&mut self, id: String, name: String) -> Result<(), FormatError> {
        match self.names.insert(id.clone(), name) {
            None => Ok(()),
            Some(_) => Err(FormatError::DuplicateId { format: FORMAT, id }),
        }
    }

    /// What an id names; an id that the tree does not hold names itself.
    pub(super) fn name<'p>(&'p self, id: &'p str) -> &'p str {
        self.names.get(id).map_or(id, String::as_str)
    }

    /// The ids of a group.
    pub(super) fn group(&self, id: &str) -> &[String] {
        self.groups.get(id).map_or(&[], Vec::as_slice)
    }
}
